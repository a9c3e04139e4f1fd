// What code does that comes to do harm: runs what it fetched or decoded, hides, stays.

rule runs_what_it_decodes
{
    meta:
        class = "malicious_code"
        severity = "high"
        title = "code that is decoded and run"
    strings:
        $run = /\b(exec|eval)\s*\(\s*(compile\s*\()?[^\n]{0,80}(b64decode|b85decode|a85decode|unhexlify|decompress|fromhex|rot_?13)/
        $loaded = /\b(exec|eval)\s*\(\s*(__import__|getattr)\s*\([^\n]{0,60}(base64|zlib|marshal|codecs)/
        $marshal = /marshal\.loads\s*\(/
    condition:
        any of them
}

rule runs_what_it_fetches
{
    meta:
        class = "malicious_code"
        severity = "critical"
        title = "code that is fetched and run"
    strings:
        $exec = /\b(exec|eval)\s*\([^\n]{0,80}(urlopen|requests\.get|httpx\.get|urllib)/
        $pipe = /(curl|wget)\s[^\n|]{1,200}\|\s*(sudo\s+)?(ba|z)?sh\b/
        $powershell = /powershell[^\n]{0,80}(-enc|-EncodedCommand|DownloadString|IEX)/ nocase
    condition:
        any of them
}

rule gives_a_shell_away
{
    meta:
        class = "malicious_code"
        severity = "critical"
        title = "a shell for somebody elsewhere"
    strings:
        $dup = /os\.dup2\s*\([^\n]{0,40}fileno\s*\(\s*\)/
        $spawn = /pty\.spawn\s*\(/
        $tcp = /\/dev\/tcp\/[0-9A-Za-z.]{3,60}\/[0-9]{1,5}/
        $netcat = /\bnc(at)?\s+(-[a-z]+\s+)*-e\s+\/bin\//
    condition:
        any of them
}

rule stays_after_it_ran
{
    meta:
        class = "malicious_code"
        severity = "high"
        title = "something that starts again by itself"
    strings:
        $cron = /crontab\s+-[^l\s]|\/etc\/cron\.(d|daily|hourly)/
        $shell = /(>>|open\()[^\n]{0,40}\.(bashrc|zshrc|profile|bash_profile)/
        $unit = /\/etc\/systemd\/system\/[^\n]{1,60}\.service/
        $keys = /\.ssh\/authorized_keys/
        $run = /CurrentVersion\\+Run/ nocase
    condition:
        any of them
}

rule hides_text_direction
{
    meta:
        class = "malicious_code"
        severity = "high"
        title = "characters that show code in another order than it runs (CVE-2021-42574)"
    strings:
        $bidi = { E2 80 (AA | AB | AC | AD | AE) }
        $isolate = { E2 81 (A6 | A7 | A8 | A9) }
    condition:
        any of them
}

rule native_program
{
    meta:
        class = "scan_incomplete"
        severity = "medium"
        title = "a program for a processor, which is not looked into"
    condition:
        uint32(0) == 0x464c457f or uint16(0) == 0x5a4d or uint32(0) == 0xfeedfacf or uint32(0) == 0xfeedface
        or uint32(0) == 0xbebafeca or uint32(0) == 0x6d736100
}
