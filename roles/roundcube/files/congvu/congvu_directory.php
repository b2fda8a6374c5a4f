<?php

/** The directory as an address book: who has a mailbox that receives. */
class congvu_directory extends rcube_ldap
{
    public function __construct(array $ldap, string $name)
    {
        parent::__construct([
            'name' => $name,
            'hosts' => [preg_replace('/^ldap:/', 'tls:', $ldap['uri'])],
            'network_timeout' => 5,
            'user_specific' => false,
            'base_dn' => $ldap['base'],
            'bind_dn' => $ldap['bind_dn'],
            'bind_pass' => $ldap['password'],
            'writable' => false,
            'scope' => 'sub',
            'filter' => '(&(objectClass=congvuAccount)(|(congvuState=initial)(congvuState=active)(congvuState=locked)))',
            'search_fields' => ['congvuSearch'],
            'sort' => 'cn',
            'sizelimit' => 200, // the directory shows this account no more at once
            'fieldmap' => ['name' => 'cn', 'email' => 'mail', 'department' => 'ou', 'jobtitle' => 'title'],
        ], false, null);
    }

    /** Every word that was typed is in the name, or without marks in those of name, unit and address. */
    public function search($fields, $value, $mode = 0, $select = true, $nocount = false, $required = [])
    {
        if ($fields == 'ID' || $fields == $this->primary_key) {
            return parent::search($fields, $value, $mode, $select, $nocount, $required);
        }
        $filter = '';
        foreach (preg_split('/\s+/u', implode(' ', (array) $value), -1, PREG_SPLIT_NO_EMPTY) as $word) {
            $typed = ldap_escape(Normalizer::normalize($word) ?: '', '', LDAP_ESCAPE_FILTER);
            $bare = ldap_escape(self::fold($word), '', LDAP_ESCAPE_FILTER);
            $filter .= "(|(cn=*{$typed}*)" . ($bare === '' ? ')' : "(congvuSearch=*{$bare}*))");
        }
        $this->set_search_set($filter ? "(&{$filter})" : '(!(objectClass=*))');
        if ($select) {
            $this->list_records();
        } else {
            $this->result = $this->count();
        }
        return $this->result;
    }

    /** Words in small letters without marks, as congvu.naming.letters.fold writes congvuSearch. */
    public static function fold(string $text): string
    {
        $bare = strtr(mb_strtolower(Normalizer::normalize($text, Normalizer::FORM_D) ?: ''), ['đ' => 'd']);
        $bare = preg_replace(["/\\p{Mn}|['’]/u", '/[^a-z0-9]+/u'], ['', ' '], $bare);
        return trim($bare);
    }
}
