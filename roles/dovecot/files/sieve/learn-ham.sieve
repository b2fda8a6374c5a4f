# A user has moved or copied a message out of Junk. Into Trash says nothing of what it is.
require ["vnd.dovecot.pipe", "copy", "imapsieve", "environment"];
if environment :is "imap.mailbox" "Trash" {
  stop;
}
pipe :copy :try "learn" ["ham"];
