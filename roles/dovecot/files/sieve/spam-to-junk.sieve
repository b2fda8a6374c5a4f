# Before every user's own filter: what rspamd holds for spam goes to Junk, and no filter answers or forwards it.
require ["fileinto"];
if header :is "X-Spam" "Yes" {
  fileinto "Junk";
  stop;
}
