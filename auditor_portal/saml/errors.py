"""Why a SAML message is refused: a closed set of codes. A code says nothing of what the message held."""

from enum import StrEnum


class SamlCode(StrEnum):
    """Why a message is refused."""

    TOO_LARGE = "too_large"
    NOT_BASE64 = "not_base64"
    NOT_XML = "not_xml"
    DOCTYPE = "doctype"
    COMMENT = "comment"
    WRONG_MESSAGE = "wrong_message"  # another kind of message, or one inside another
    WRONG_STRUCTURE = "wrong_structure"  # not one assertion in its place, or a signature where none belongs
    WEAK_ALGORITHM = "weak_algorithm"
    UNSIGNED = "unsigned"
    BAD_SIGNATURE = "bad_signature"
    UNDECIPHERABLE = "undecipherable"
    DECLINED = "declined"  # the provider's answer is no
    NO_SUCH_CLASS = "no_such_class"  # the provider cannot sign in as asked: no second factor
    WRONG_ISSUER = "wrong_issuer"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_DESTINATION = "wrong_destination"
    UNSOLICITED = "unsolicited"
    REQUEST_EXPIRED = "request_expired"
    WRONG_RELAY_STATE = "wrong_relay_state"
    OTHER_BROWSER = "other_browser"  # not the one that was sent to the provider
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    REPLAYED = "replayed"
    INCOMPLETE = "incomplete"  # the assertion lacks what has to be in it
    DISAGREEMENT = "disagreement"  # two verifiers read it differently
    REFUSED = "refused"  # the first verifier will not have it
    NO_LOGOUT = "no_logout"  # the provider has no place to log out at


class SamlError(Exception):
    """A SAML message is refused. Its code may be shown and recorded; the message is never quoted."""

    def __init__(self, code: SamlCode) -> None:
        super().__init__(f"the SAML message is refused: {code.value}")
        self.code = code
