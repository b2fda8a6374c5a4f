<?php

// Written by the role roundcube. What differs from site to site stands in congvu.json beside this file.

$congvu = json_decode(file_get_contents('/etc/roundcube/congvu.json'), true, 16, JSON_THROW_ON_ERROR);

$config = [];
include '/etc/roundcube/debian-db-roundcube.php';

// nginx answers to these names alone. A name is for one mail domain: its title, and the domain of who logs in
// without one.
$domain = $congvu['sites'][strtolower($_SERVER['HTTP_HOST'] ?? '')] ?? '';
$config['product_name'] = trim("Thư điện tử công vụ {$domain}");
$config['username_domain'] = $domain;
$config['support_url'] = '';
$config['language'] = 'vi_VN';
$config['skin'] = 'elastic';
$config['skins_allowed'] = ['elastic'];
$config['plugins'] = ['congvu', 'managesieve', 'markasjunk', 'subscriptions_option'];
// All folders: whose units' mailboxes somebody sees changes with the directory, and nobody subscribes to that.
$config['use_subscriptions'] = false;
$config['dont_override'] = ['skin', 'use_subscriptions'];

// The certificate of this host is checked on the loopback too, by the host's name.
$tls = ['ssl' => [
    'verify_peer' => true,
    'verify_peer_name' => true,
    'peer_name' => $congvu['mail_host'],
    'cafile' => $congvu['ca_file'],
]];

// Without TLS, on the loopback: this port lets in who must change the password, see docs/webmail.md.
$config['imap_host'] = "127.0.0.1:{$congvu['imap_port']}";
$config['imap_auth_type'] = 'PLAIN';
$config['imap_timeout'] = 30;
$config['imap_conn_options'] = null;
// As everybody else: with the user's own login, whose sender Postfix checks.
$config['smtp_host'] = 'ssl://127.0.0.1:465';
$config['smtp_user'] = '%u';
$config['smtp_pass'] = '%p';
$config['smtp_timeout'] = 300;
$config['smtp_conn_options'] = $tls;
// Whose names one may write in is the directory's word, see the plugin congvu; a signature is one's own.
$config['identities_level'] = 4;
$config['managesieve_host'] = 'tls://127.0.0.1:4190';
$config['managesieve_conn_options'] = $tls;
$config['managesieve_vacation'] = 1;
// Dovecot offers what the gate for filters refuses or what mails anybody; docs/mailboxes.md.
$config['managesieve_disabled_extensions'] = ['enotify', 'reject', 'ereject'];

$config['drafts_mbox'] = 'Drafts';
$config['junk_mbox'] = 'Junk';
$config['sent_mbox'] = 'Sent';
$config['trash_mbox'] = 'Trash';
$config['max_message_size'] = $congvu['message_size_limit'];
$config['temp_dir'] = '/var/lib/roundcube/temp';

$config['des_key'] = trim(file_get_contents('/etc/roundcube/session.key'));
$config['session_lifetime'] = 30;
$config['session_samesite'] = 'Strict';
$config['log_driver'] = 'syslog';
$config['syslog_id'] = 'roundcube';
$config['syslog_facility'] = LOG_MAIL;
$config['log_logins'] = true;
$config['enable_installer'] = false;
$config['enable_spellcheck'] = false;
$config['login_autocomplete'] = 1;
// Nothing of a message is fetched from elsewhere unless its reader asks.
$config['show_images'] = 0;

ldap_set_option(null, LDAP_OPT_X_TLS_CACERTFILE, $congvu['ca_file']);
ldap_set_option(null, LDAP_OPT_X_TLS_REQUIRE_CERT, LDAP_OPT_X_TLS_DEMAND);
$config['congvu'] = $congvu;
