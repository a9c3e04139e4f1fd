// What tries to talk a model into something. A signal that somebody has to look; that nothing is found says nothing.

rule overrides_instructions
{
    meta:
        class = "prompt_injection"
        severity = "high"
        title = "text that wants earlier instructions forgotten"
    strings:
        $ignore = /\b(ignore|disregard|forget|override|bypass|skip)\s+(all\s+|any\s+|the\s+|your\s+|my\s+|of\s+|these\s+|those\s+){0,3}(previous|prior|above|earlier|preceding|existing|former|system|safety|original|security)\s+(instructions?|prompts?|rules?|guidelines?|directives?|messages?|context|policy|policies|checks?|restrictions?)/ nocase
        $new = /\b(your|the)\s+(new|real|actual|updated|true)\s+(instructions?|task|goal|objective|directive|role)\s+(is|are|:)/ nocase
        $from_now = /\bfrom\s+now\s+on,?\s+(you|act|respond|always|ignore)\b/ nocase
        $role = /\byou\s+are\s+now\s+(a|an|in|the|no\s+longer|free|DAN|jailbroken|unrestricted)\b/ nocase
        $no_longer = /\byou\s+(are\s+no\s+longer|must\s+no\s+longer|no\s+longer\s+have)\s+(bound|restricted|limited|to\s+follow|any)/ nocase
        $mode = /\b(developer|god|debug|jailbreak|unrestricted|maintenance|admin)\s+mode\s+(is\s+)?(now\s+)?(enabled|activated|on|engaged)/ nocase
    condition:
        any of them
}

rule poses_as_the_system
{
    meta:
        class = "prompt_injection"
        severity = "high"
        title = "text that poses as a message of the system"
    strings:
        $tokens = /<\|(im_start|im_end|system|endoftext|start_header_id|eot_id)\|>/
        $inst = /\[\/?(INST|SYS)\]|<<\/?SYS>>/
        $tag = /<\/?(system|important|admin|instructions?|assistant)(_(message|prompt|override|instructions?|note))?>\s*[A-Za-z]/ nocase
        $head = /(^|\n)\s*(#{1,6}\s*)?\[?(system|admin|developer|security)\s*(message|override|prompt|notice|note|update|alert|instruction)s?\]?\s*[:\-]/ nocase
        $marked = /\[(system|admin|assistant|ai|agent|llm)\s*[:\]]/ nocase
    condition:
        any of them
}

rule hides_from_the_user
{
    meta:
        class = "prompt_injection"
        severity = "high"
        title = "text that wants something kept from the user"
    strings:
        $secretly = /\b(do\s+not|don'?t|never|without)\s+(tell|telling|mention|mentioning|inform|informing|notify|notifying|reveal|show|showing|alert|alerting|disclose|asking|ask)(\s+(this|it|that|any\s+of\s+this))?\s+(to\s+)?(the\s+|to\s+the\s+)?(user|human|operator|anyone|customer|owner)/ nocase
        $silently = /\b(silently|secretly|quietly|covertly)\s+(send|forward|upload|copy|read|exfiltrate|include|add|call|post|email|append|run|execute|delete|fetch|transmit|bcc)\b/ nocase
        $before = /\bbefore\s+(using|calling|answering|responding|running|doing|you\s+\w+)\s[^\n]{0,80}\b(read|send|call|fetch|open|upload|pass)\b[^\n]{0,80}(\.ssh|\.env|credential|api[ _-]?key|token|secret|password|file|history)/ nocase
    condition:
        any of them
}

rule asks_for_secrets
{
    meta:
        class = "prompt_injection"
        severity = "high"
        title = "text that asks a model for secrets, or to send something away"
    strings:
        $reveal = /\b(reveal|print|output|repeat|show|display|disclose|leak|dump|return|tell\s+me)\s+(me\s+)?(all\s+|your\s+|the\s+|any\s+|of\s+|full\s+|entire\s+|hidden\s+|complete\s+|verbatim\s+){0,4}(system\s+prompt|hidden\s+prompt|initial\s+prompt|(system\s+)?instructions|api[ _-]?keys?|credentials?|environment\s+variables?|secrets?|passwords?|access\s+tokens?)/ nocase
        $send = /\b(send|forward|upload|post|email|exfiltrate|transmit|share|leak|copy|deliver)\b[^\n.]{0,100}(api[ _-]?keys?|credentials?|passwords?|secrets?|tokens?|environment|conversation|chat\s+history|private\s+key|\.env|ssh\s+key|customer\s+(data|list|records)|contents?\s+of|all\s+(files|emails|messages|data))[^\n]{0,80}(\bto\b|https?:|@)/ nocase
        $image = /!\[[^\]]{0,80}\]\(https?:\/\/[^)\s]{1,200}(\?|&)[a-z_]{1,20}=(\{|\[|<|\$|%7B)/ nocase
    condition:
        any of them
}

rule unseen_characters
{
    meta:
        class = "prompt_injection"
        severity = "high"
        title = "characters nobody sees and a model reads (tags, runs of zero width)"
    strings:
        $tags = { F3 A0 (80 | 81) ?? F3 A0 (80 | 81) ?? F3 A0 (80 | 81) ?? }
        $zero = /(\xE2\x80[\x8B-\x8D]|\xE2\x81\xA0|\xEF\xBB\xBF){4}/
    condition:
        any of them
}
