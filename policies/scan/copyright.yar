// What says of itself that it belongs to somebody else. Copies without such a mark are not found.

rule reserved_by_somebody
{
    meta:
        class = "copyright"
        severity = "medium"
        title = "a note that reserves every right"
    strings:
        $proprietary = /\b(proprietary\s+and\s+confidential|confidential\s+and\s+proprietary|company\s+confidential)\b/ nocase
        $unauthorised = /\bunauthori[sz]ed\s+(copying|reproduction|distribution|use|redistribution)\s[^\n]{0,120}(strictly\s+)?prohibited/ nocase
        $do_not = /\b(do\s+not|may\s+not\s+be)\s+(distribute|redistribute|copy|copied|reproduced)\b[^\n]{0,80}(without\s+(prior\s+)?(written\s+)?(permission|consent))/ nocase
    condition:
        any of them
}
