// What takes data away: reads what it has no business with, and sends it to where nobody looks.

rule sends_the_environment
{
    meta:
        class = "data_exfiltration"
        severity = "critical"
        title = "the whole environment is sent away"
    strings:
        $sent = /(post|put|urlopen|request|sendall|send)\s*\([^\n]{0,120}(os\.environ\b[^\[.(]|dict\s*\(\s*os\.environ)/
        $dumped = /(json\.dumps|urlencode|b64encode|str|repr)\s*\(\s*(dict\s*\(\s*)?os\.environ\s*\)/
    condition:
        any of them
}

rule reads_credentials
{
    meta:
        class = "data_exfiltration"
        severity = "high"
        title = "files with credentials of whoever runs it"
    strings:
        $aws = /\.aws\/credentials/
        $ssh = /\.ssh\/id_(rsa|dsa|ecdsa|ed25519)\b/
        $kube = /\.kube\/config\b/
        $docker = /\.docker\/config\.json/
        $netrc = /[~\/]\.netrc\b/
        $git = /\.git-credentials\b/
        $npm = /[~\/]\.npmrc\b/
        $pypi = /[~\/]\.pypirc\b/
        $gcloud = /gcloud\/application_default_credentials\.json/
        $shadow = /\/etc\/shadow\b/
        $browser = /(Login Data|Cookies|key4\.db|logins\.json)['"]/
        $metadata = /169\.254\.169\.254/
        $kubetoken = /\/var\/run\/secrets\/kubernetes\.io\/serviceaccount/
    condition:
        any of them
}

rule sends_to_a_drop
{
    meta:
        class = "data_exfiltration"
        severity = "high"
        title = "a place that takes data from anybody"
    strings:
        $discord = /discord(app)?\.com\/api\/webhooks\// nocase
        $telegram = /api\.telegram\.org\/bot/ nocase
        $bins = /\b(webhook\.site|requestbin\.(com|net)|pipedream\.net|ngrok(-free)?\.(io|app)|burpcollaborator\.net|oast(ify)?\.(com|pro|fun|live|site|online|me)|interact\.sh|transfer\.sh|pastebin\.com\/api|dnslog\.cn)\b/ nocase
    condition:
        any of them
}
