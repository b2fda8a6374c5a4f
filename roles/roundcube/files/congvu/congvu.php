<?php

/**
 * What official mail asks of a webmail and Roundcube does not do itself.
 *
 * - Who still has the initial password can do nothing but change it (LD-12.1, HT-6.1, QT-4.3d).
 * - A password is changed in the directory with the owner's own login; the directory keeps length and history, the
 *   rules of the mail domain's policy that it cannot know are kept here. Every refusal names its rule.
 * - A session ends when its password is good no more.
 * - In whose names a user may write is the directory's word: their own, and those of units.
 * - The address book is the directory, searched with diacritics and without.
 * - Dovecot is told the browser's address, so that who guesses passwords here is shut out as elsewhere.
 */
class congvu extends rcube_plugin
{
    private const BOOK = 'congvu';
    private const CHANGE = 'plugin.congvu-password';
    private const SAVE = 'plugin.congvu-password-save';
    /** Words of a name with fewer letters are in every other password by chance; as in congvu.directory.password. */
    private const SHORTEST_WORD = 3;
    private const IN_USE = '(|(congvuState=initial)(congvuState=active))';
    /** Of ppolicy (draft-behera-ldap-password-policy, 6.2). */
    private const REFUSALS = [5 => 'quality', 6 => 'short', 7 => 'young', 8 => 'history'];

    private rcmail $rc;
    private array $settings;

    public function init()
    {
        $this->rc = rcmail::get_instance();
        $this->settings = $this->rc->config->get('congvu');
        $this->add_texts('localization/');
        $this->rc->load_language(null, $this->texts_of_others());
        $this->add_hook('storage_connect', [$this, 'tell_address']);
        $this->add_hook('managesieve_connect', [$this, 'tell_address']);
        $this->add_hook('login_failed', [$this, 'tell_failure']);
        $this->add_hook('login_after', [$this, 'look_at_account']);
        $this->add_hook('ready', [$this, 'guard']);
        $this->add_hook('settings_actions', [$this, 'add_to_settings']);
        $this->add_hook('addressbooks_list', [$this, 'list_book']);
        $this->add_hook('addressbook_get', [$this, 'open_book']);
        $this->register_action(self::CHANGE, [$this, 'show']);
        $this->register_action(self::SAVE, [$this, 'save']);
        $this->rc->config->set('autocomplete_addressbooks', ['sql', self::BOOK]);
    }

    /** What other plugins say in English only. They come after this one, and replace no text that is there. */
    private function texts_of_others(): array
    {
        $texts = [];
        foreach (['junk', 'buttonjunk', 'notjunk', 'buttonnotjunk', 'reportedasjunk', 'reportedasnotjunk'] as $label) {
            $texts["markasjunk.{$label}"] = $this->gettext($label);
        }
        return $texts;
    }

    // --- Logins

    public function tell_address(array $args): array
    {
        $own = ['x-originating-ip' => rcube_utils::remote_addr()];
        $args['preauth_ident'] = array_merge((array) ($args['preauth_ident'] ?? []), $own);
        return $args;
    }

    /** A directory that does not answer is no wrong password. */
    public function tell_failure(array $args): array
    {
        if (!$this->refused()) {
            $this->rc->output->show_message('storageerror', 'error');
        }
        return $args;
    }

    /** Whether the mail server said that the password is wrong; if not, it did not say anything of it. */
    private function refused(): bool
    {
        $storage = $this->rc->get_storage();
        $code = $storage->conn->resultcode ?? null;
        return $storage->get_error_code() == rcube_imap_generic::ERROR_NO
            && !in_array($code, ['UNAVAILABLE', 'INUSE', 'LIMIT', 'SERVERBUG'], true);
    }

    public function look_at_account(array $args): array
    {
        $_SESSION['congvu_change'] = true; // until the directory says that there is no need
        return $args;
    }

    /** Runs before every action of who is logged in, be it a page, a part of one or a script's request. */
    public function guard(array $args): array
    {
        if ($args['task'] == 'logout') {
            return $args;
        }
        if (!$this->rc->storage_connect() && $this->refused()) {
            $this->end_session();
        }
        if (!empty($_SESSION['congvu_change'])) {
            $account = $this->account();
            if ($account && !$account['must_change']) {
                $this->keep_identities($account);
                $this->rc->session->remove('congvu_change');
            } elseif ($args['task'] != 'settings' || !in_array($args['action'], [self::CHANGE, self::SAVE], true)) {
                $this->rc->output->redirect(['_task' => 'settings', '_action' => self::CHANGE], 0);
                exit;
            }
        }
        return $args;
    }

    private function end_session(): void
    {
        $this->rc->kill_session();
        $login = ['_task' => 'login', '_err' => 'session'];
        if ($this->rc->output->ajax_call || $this->rc->output->get_env('framed')) {
            $this->rc->output->command('session_error', $this->rc->url($login));
            $this->rc->output->send('iframe');
        } else {
            $this->rc->output->redirect($login, 0);
        }
        exit;
    }

    /** The senders that are offered, as Postfix takes them (roles/postfix, senders). */
    private function keep_identities(array $account): void
    {
        $user = $this->rc->user;
        $there = $user->list_identities();
        $wanted = array_change_key_case($account['sends_as']);
        foreach (array_diff_key($wanted, array_flip(array_map('strtolower', array_column($there, 'email')))) as $mail => $name) {
            $user->insert_identity(['name' => $name, 'email' => $mail, 'standard' => 0]);
        }
        foreach ($there as $identity) {
            $name = $wanted[strtolower($identity['email'])] ?? null;
            if ($name === null) {
                $user->delete_identity($identity['identity_id']);
            } elseif ($name !== $identity['name']) {
                $user->update_identity($identity['identity_id'], ['name' => $name]);
            }
        }
    }

    // --- The directory

    /** A connection under TLS, bound, or none. */
    private function bound(string $dn, string $password): ?LDAP\Connection
    {
        $link = ldap_connect($this->settings['ldap']['uri']);
        ldap_set_option($link, LDAP_OPT_PROTOCOL_VERSION, 3);
        ldap_set_option($link, LDAP_OPT_NETWORK_TIMEOUT, 5);
        ldap_set_option($link, LDAP_OPT_TIMELIMIT, 5);
        ldap_set_option($link, LDAP_OPT_REFERRALS, false);
        // Without a password a bind would be anonymous, and succeed (RFC 4513, 5.1.2).
        return $password !== '' && @ldap_start_tls($link) && @ldap_bind($link, $dn, $password) ? $link : null;
    }

    /** Whose session this is, as the directory has it; nothing where it does not answer. */
    private function account(): ?array
    {
        $ldap = $this->settings['ldap'];
        $link = $this->bound($ldap['bind_dn'], $ldap['password']);
        if (!$link) {
            return null;
        }
        $mail = ldap_escape($this->rc->get_user_name(), '', LDAP_ESCAPE_FILTER);
        $who = "(objectClass=congvuAccount)(mail={$mail})";
        $found = @ldap_search($link, $ldap['base'], "(&{$who})", ['cn', 'mail']);
        $entries = $found ? ldap_get_entries($link, $found) : ['count' => 0];
        $resets = @ldap_search($link, $ldap['base'], "(&{$who}(pwdReset=TRUE))", ['mail']);
        if ($entries['count'] != 1 || !$resets) {
            return null;
        }
        $dn = ldap_escape($entries[0]['dn'], '', LDAP_ESCAPE_FILTER);
        $sends = "(|(congvuHead={$dn})(congvuOwner={$dn})(congvuDelegate={$dn}))";
        $units = @ldap_search($link, $ldap['base'], "(&(objectClass=congvuAccount)" . self::IN_USE . "{$sends})", ['cn', 'mail']);
        if (!$units) {
            return null;
        }
        $senders = [...array_filter(ldap_get_entries($link, $units), 'is_array'), $entries[0]];
        return [
            'dn' => $entries[0]['dn'],
            'name' => $entries[0]['cn'][0] ?? '',
            'mail' => $entries[0]['mail'][0],
            'sends_as' => array_column(array_map(fn ($one) => [$one['mail'][0], $one['cn'][0] ?? ''], $senders), 1, 0),
            'must_change' => ldap_count_entries($link, $resets) > 0,
        ];
    }

    // --- The password

    public function add_to_settings(array $args): array
    {
        $args['actions'][] = [
            'action' => self::CHANGE,
            'class' => 'password',
            'label' => 'password',
            'title' => 'change',
            'domain' => 'congvu',
        ];
        return $args;
    }

    public function show(): void
    {
        $this->register_handler('plugin.body', [$this, 'form']);
        $this->rc->output->set_pagetitle($this->gettext('change'));
        $this->rc->output->send('plugin');
    }

    public function form(): string
    {
        $table = new html_table(['cols' => 2, 'class' => 'propform']);
        foreach (['current' => 'current-password', 'new' => 'new-password', 'again' => 'new-password'] as $name => $kind) {
            $field = new html_passwordfield([
                'name' => "_{$name}", 'id' => $name, 'size' => 30, 'autocomplete' => $kind, 'required' => true,
            ]);
            $table->add('title', html::label($name, rcube::Q($this->gettext($name))));
            $table->add(null, $field->show());
        }
        $rules = array_map(
            fn ($rule) => html::tag('li', null, rcube::Q($this->words($rule))),
            ['short', 'history', ...array_keys($this->own_rules('', ['mail' => $this->rc->get_user_name(), 'name' => '']))]
        );
        $token = new html_hiddenfield(['name' => '_token', 'value' => $this->rc->get_request_token()]);
        $first = empty($_SESSION['congvu_change']) ? '' : html::div('boxwarning', rcube::Q($this->gettext('first')));
        $button = html::tag('button', ['type' => 'submit', 'class' => 'btn btn-primary button mainaction submit'],
            rcube::Q($this->gettext('save')));
        $form = html::tag('form', [
            'id' => 'congvu-password', 'method' => 'post', 'action' => $this->rc->url(['_task' => 'settings', '_action' => self::SAVE]),
        ], $token->show() . $first . $table->show() . html::tag('ul', 'hint proplist', implode('', $rules))
            . html::p('formbuttons footerleft', $button));
        return html::div(['id' => 'prefs-title', 'class' => 'boxtitle'], rcube::Q($this->gettext('change')))
            . html::div('box formcontainer scroller', html::div('boxcontent formcontent', $form));
    }

    public function save(): void
    {
        [$current, $new, $again] = array_map(
            fn ($name) => rcube_utils::get_input_string($name, rcube_utils::INPUT_POST, true),
            ['_current', '_new', '_again']
        );
        $forced = !empty($_SESSION['congvu_change']);
        $refusal = $new === $again ? $this->change($current, $new) : 'different';
        if ($refusal) {
            $this->rc->output->show_message($this->words($refusal), 'error');
        } else {
            $_SESSION['password'] = $this->rc->encrypt($new);
            $this->rc->session->remove('congvu_change');
            rcube::write_log('userlogins', sprintf('Password changed for %s from %s',
                $this->rc->get_user_name(), rcube_utils::remote_ip()));
            $this->rc->output->show_message('congvu.changed', 'confirmation', null, true, 0);
            if ($forced) {
                $this->rc->output->redirect(['_task' => 'mail'], 0);
                return;
            }
        }
        $this->rc->overwrite_action(self::CHANGE);
        $this->show();
    }

    /** Changes it; gives the rule by which it was refused, or nothing. */
    private function change(string $current, string $new): string
    {
        $account = $this->account();
        if (!$account) {
            return 'unavailable';
        }
        $broken = array_keys(array_filter($this->own_rules($new, $account), fn ($kept) => !$kept));
        if ($broken) {
            return $broken[0];
        }
        $link = $this->bound($account['dn'], $current);
        if (!$link) {
            return 'wrong';
        }
        $controls = [];
        if (@ldap_exop_passwd($link, $account['dn'], $current, $new, $controls) !== false) {
            return '';
        }
        $told = $controls[LDAP_CONTROL_PASSWORDPOLICYRESPONSE]['value']['error'] ?? null;
        return self::REFUSALS[$told] ?? 'unavailable';
    }

    /** The rules of the account's mail domain that the directory cannot know, and whether a password keeps them. */
    private function own_rules(string $password, array $account): array
    {
        $asked = $this->settings['domains'][explode('@', $account['mail'])[1] ?? ''] ?? [];
        $rules = [];
        if ($asked['classes'] ?? 0) {
            $kinds = ['/\p{Lu}/u', '/\p{Ll}/u', '/\p{Nd}/u', '/[^\p{L}\p{Nd}]/u'];
            $rules['classes'] = count(array_filter($kinds, fn ($kind) => preg_match($kind, $password))) >= $asked['classes'];
        }
        $words = ['login' => explode('@', $account['mail'])[0], 'full_name' => $account['name']];
        foreach (array_intersect_key($words, array_flip($asked['banned'] ?? [])) as $rule => $own) {
            $rules[$rule] = !$this->contains($password, $own);
        }
        return $rules;
    }

    private function contains(string $password, string $words): bool
    {
        $password = congvu_directory::fold($password);
        foreach (explode(' ', congvu_directory::fold($words)) as $word) {
            if (strlen($word) >= self::SHORTEST_WORD && str_contains($password, $word)) {
                return true;
            }
        }
        return false;
    }

    private function words(string $rule): string
    {
        $domain = explode('@', $this->rc->get_user_name())[1] ?? '';
        return $this->gettext(['name' => $rule, 'vars' => [
            'length' => $this->settings['password']['min_length'],
            'count' => $this->settings['password']['history'],
            'kinds' => $this->settings['domains'][$domain]['classes'] ?? 0,
        ]]);
    }

    // --- The address book

    public function list_book(array $args): array
    {
        $args['sources'] = [self::BOOK => [
            'id' => self::BOOK, 'name' => $this->gettext('book'), 'readonly' => true, 'groups' => false,
        ]] + $args['sources'];
        return $args;
    }

    public function open_book(array $args): array
    {
        if ($args['id'] === self::BOOK) {
            $args['instance'] = new congvu_directory($this->settings['ldap'], $this->gettext('book'));
        }
        return $args;
    }
}

require_once __DIR__ . '/congvu_directory.php';
