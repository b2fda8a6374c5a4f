# Before every user's own filter: of an account that is locked nothing of its owner's runs. Whoever got hold of it may
# have set a redirect; who has left has no say any more (LD-7.2c). The mail is kept, in the inbox.
# Who writes to somebody who left, or to a unit that was dissolved, is told so, once a week. Lists and machines are not
# (RFC 3834: Pigeonhole's own rules), and no name is in it.
require ["environment", "vnd.dovecot.environment", "fileinto", "vacation", "variables"];
if environment :is "vnd.dovecot.config.state" "locked" {
  if environment :matches "vnd.dovecot.config.left" "?*" {
    if environment :matches "vnd.dovecot.config.person" "?*" {
      if environment :is "vnd.dovecot.config.answers_for_people" "True" {
        vacation :days 7 :handle "left" :subject "Trả lời tự động: hộp thư không còn người sử dụng" text:
Kính gửi Quý cơ quan, Ông/Bà,

Chủ hộp thư này đã chuyển công tác hoặc thôi việc, thư gửi đến không còn người đọc. Đề nghị gửi thư đến
hộp thư chính thức của đơn vị: ${env.vnd.dovecot.config.unit}.

Đây là thư trả lời tự động, không cần phúc đáp.
.
;
      }
    } elsif environment :is "vnd.dovecot.config.answers_for_units" "True" {
      vacation :days 7 :handle "left" :subject "Trả lời tự động: hộp thư đơn vị không còn sử dụng" text:
Kính gửi Quý cơ quan, Ông/Bà,

Đơn vị này đã giải thể hoặc được tổ chức lại, thư gửi đến không còn người đọc. Đề nghị gửi thư đến hộp thư
chính thức của cơ quan, đơn vị tiếp nhận nhiệm vụ.

Đây là thư trả lời tự động, không cần phúc đáp.
.
;
    }
  }
  fileinto "INBOX";
}
