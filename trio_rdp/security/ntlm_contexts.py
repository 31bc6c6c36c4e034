"""NTLM contexts in memory, [MS-NLMP] 3.1 and 3.2: the border with pyspnego.

pyspnego gives the session's keys, sealing and SPNEGO.  The messages' contents are made and checked here, because its
client reads environment variables and the host's name, and its server reads its users from a file that an environment
variable names, compares proofs in variable time and re-encodes what it verifies.  Every private name of pyspnego that
is used here is pinned by a test.

pyspnego logs tokens at debug level.  Nothing that these contexts do is ever logged by it, whatever level the
application sets; other users of pyspnego in the process are not touched.
"""

from __future__ import annotations

import contextlib
import contextvars
import datetime
import hmac
import logging
import os
from collections.abc import Iterator

from spnego import ContextReq, NegotiateOptions
from spnego._context import ContextProxy, GSSMech
from spnego._negotiate import NegotiateProxy
from spnego._ntlm import NTLMProxy
from spnego._ntlm_raw.security import sign
from spnego._spnego import NegTokenInit, NegTokenResp, unpack_token
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import BadMICError

from trio_rdp.security.ntlm_crypto import NtlmV2Response, hmac_md5, ntowfv2
from trio_rdp.security.ntlm_info import OWN_VERSION, REQUIRED, SUPPORTED, TargetNames, negotiate_token
from trio_rdp.security.ntlm_messages import (
    AuthenticateMessage,
    AvId,
    ChallengeMessage,
    NegotiateFlags,
    NegotiateMessage,
    decode_av_pairs,
    encode_av_pairs,
    filetime,
    message_type,
    without_mic,
)
from trio_rdp.security.ntstatus import NtStatus
from trio_rdp.security.rc4 import Rc4
from trio_rdp.wire.errors import AuthenticationFailed, InvalidField, LocalProtocolError, RdpError

__all__ = ["Acceptor", "InMemoryNtlm", "Initiator", "Spnego", "inner_token", "pyspnego"]

_MIC_PROVIDED = 0x2  # MsvAvFlags: "the client is providing message integrity in the MIC field"

# An NTLMv2 response is a 16-byte proof and a blob whose fixed part has 28 bytes; NTLMv1's has 24 bytes in all.
_FIXED_BLOB = 28
_SHORTEST_V2_RESPONSE = 16 + _FIXED_BLOB

_inside: contextvars.ContextVar[bool] = contextvars.ContextVar("_inside", default=False)


def _is_not_ours(_record: logging.LogRecord) -> bool:
    return not _inside.get()


for _name in ("spnego._negotiate", "spnego._ntlm"):
    logging.getLogger(_name).addFilter(_is_not_ours)


@contextlib.contextmanager
def pyspnego(doing: str) -> Iterator[None]:
    """Keep what happens inside out of the logs, and let nothing but our own errors out."""
    token = _inside.set(True)
    try:
        yield
    except RdpError:
        raise
    except BadMICError:
        raise AuthenticationFailed(f"{doing}: a message was not protected with the session's key") from None
    except Exception as exc:
        # pyspnego's parsers raise whatever Python raises (KeyError, struct.error, StopIteration ...), and its texts may
        # quote tokens: only the kind of the error goes on.
        raise InvalidField(f"{doing}: the token cannot be used ({type(exc).__name__})") from None
    finally:
        _inside.reset(token)


class InMemoryNtlm(NTLMProxy):
    """An NTLM context that reads no environment, no file and no host name.

    It builds what `NTLMProxy.__init__` builds without calling it; a test compares the two.
    """

    negotiate: bytes
    challenge: bytes

    def __init__(self, usage: str) -> None:
        ContextProxy.__init__(self, [], None, None, None, ContextReq.default, usage, "ntlm", NegotiateOptions.use_ntlm)
        self._is_wrapped = True  # nor does `step` build log texts for nobody
        self._complete = False
        self._credential = None
        self._lm = self._nt_v1 = False
        self._nt_v2 = True
        self._temp_negotiate = self._temp_challenge = None
        self._mic_required = False
        self._session_key = None
        self._sign_key_out = self._sign_key_in = None
        self._handle_out = self._handle_in = None
        self._NTLMProxy__seq_num_in = self._NTLMProxy__seq_num_out = 0
        self.negotiate = b""
        self.challenge = b""

    def verify(self, data: bytes, mic: bytes) -> int:
        """Compare a signature in a time that does not tell how nearly it matched."""
        if self._handle_in is None or self._sign_key_in is None:
            raise LocalProtocolError("NTLM has no session key yet")
        expected = sign(self._context_attr, self._handle_in, self._sign_key_in, self._seq_num_in, data)
        if not hmac.compare_digest(expected, mic):
            raise BadMICError(context_msg="signature")
        return 0


class Initiator(InMemoryNtlm):
    """The client's side, [MS-NLMP] 3.1: NEGOTIATE, then the answer to a CHALLENGE."""

    negotiate: bytes
    challenge: bytes

    def __init__(self, username: str, nt_hash: bytes, domain: str, workstation: str, target_name: str) -> None:
        super().__init__("initiate")
        self.user_name: str = username
        self.domain: str = domain
        self.workstation: str = workstation
        self.target_name = target_name
        self.nt_hash = nt_hash

    def _step_initiate(
        self, in_token: bytes | None = None, *, channel_bindings: GssChannelBindings | None = None
    ) -> bytes:
        if not self.negotiate:
            self.negotiate = negotiate_token()
            return self.negotiate
        self.challenge = in_token or b""
        message = ChallengeMessage.decode(self.challenge)
        flags = message.negotiate_flags & (SUPPORTED | NegotiateFlags.TARGET_INFO)
        if REQUIRED not in flags or NegotiateFlags.UNICODE not in flags:
            raise AuthenticationFailed("the server's NTLM is too weak: it offers no 128-bit sealing")
        response = self._respond(message)
        session_key, encrypted_key = response.session_base_key, b""
        if NegotiateFlags.KEY_EXCH in flags:
            session_key = os.urandom(16)
            encrypted_key = Rc4(response.session_base_key).update(session_key)
        answer = AuthenticateMessage(
            # Where the challenge has a time, "the client SHOULD NOT send the LmChallengeResponse and SHOULD send Z(24)
            # instead", [MS-NLMP] 3.1.5.1.2.
            lm_challenge_response=bytes(24) if self._mic_required else response.lm_challenge_response,
            nt_challenge_response=response.nt_challenge_response,
            domain_name=self.domain,
            user_name=self.user_name,
            workstation=self.workstation,
            encrypted_random_session_key=encrypted_key,
            negotiate_flags=flags,
            version=OWN_VERSION if NegotiateFlags.VERSION in flags else bytes(8),
            mic=bytes(16),
        )
        if self._mic_required:
            answer.mic = hmac_md5(session_key, self.negotiate + self.challenge + answer.encode())
        self._session_key = session_key
        self._context_attr = int(flags)
        self._complete = True
        return answer.encode()

    def _respond(self, message: ChallengeMessage) -> NtlmV2Response:
        """Answer the challenge with its own AV pairs, and ours behind them, [MS-NLMP] 3.1.5.1.2."""
        pairs = decode_av_pairs(message.target_info)
        told = dict(pairs)
        timestamp = told.get(AvId.TIMESTAMP, b"")
        if len(timestamp) == 8:
            self._mic_required = True
        else:
            timestamp = filetime(datetime.datetime.now(datetime.UTC))
        # No channel bindings: the document asks for zeros where there are none, but pyspnego found servers that take
        # zeros for wrong ones.  CredSSP binds to the TLS connection by itself.
        ours = {AvId.TARGET_NAME: self.target_name.encode("utf-16-le")}
        if self._mic_required:
            flags = int.from_bytes(told.get(AvId.FLAGS, b""), "little") & 0xFFFFFFFF | _MIC_PROVIDED
            ours[AvId.FLAGS] = flags.to_bytes(4, "little")
        kept = [pair for pair in pairs if pair[0] not in ours]
        return NtlmV2Response.compute(
            ntowfv2(self.nt_hash, self.user_name, self.domain),
            server_challenge=message.server_challenge,
            client_challenge=os.urandom(8),
            timestamp=timestamp,
            target_info=encode_av_pairs([*kept, *ours.items()]),
        )


class Acceptor(InMemoryNtlm):
    """The server's side, [MS-NLMP] 3.2: `nt_hash` must be set, or be None for nobody's, before the answer comes."""

    negotiate: bytes
    challenge: bytes

    def __init__(self, names: TargetNames) -> None:
        super().__init__("accept")
        self.names = names
        self.nt_hash: bytes | None = None
        self.server_challenge: bytes = b""

    def _step_accept(self, in_token: bytes, *, channel_bindings: GssChannelBindings | None = None) -> bytes | None:
        if not self.negotiate:
            return self._step_accept_negotiate(in_token)
        self._step_accept_authenticate(in_token, channel_bindings)
        return None

    def _step_accept_negotiate(self, token: bytes) -> bytes:
        flags = NegotiateMessage.decode(token).negotiate_flags & SUPPORTED
        if REQUIRED not in flags or NegotiateFlags.UNICODE not in flags:
            raise AuthenticationFailed("the client's NTLM is too weak: it offers no 128-bit sealing")
        names = {
            AvId.NB_DOMAIN_NAME: self.names.netbios_domain,
            AvId.NB_COMPUTER_NAME: self.names.netbios_computer,
            AvId.DNS_DOMAIN_NAME: self.names.dns_domain,
            AvId.DNS_COMPUTER_NAME: self.names.dns_computer,
        }
        pairs = [(av_id, name.encode("utf-16-le")) for av_id, name in names.items() if name]
        pairs.append((AvId.TIMESTAMP, filetime(datetime.datetime.now(datetime.UTC))))
        message = ChallengeMessage(
            target_name=self.names.netbios_computer,
            negotiate_flags=flags
            | NegotiateFlags.NTLM
            | NegotiateFlags.ALWAYS_SIGN
            | NegotiateFlags.REQUEST_TARGET
            | NegotiateFlags.TARGET_TYPE_SERVER
            | NegotiateFlags.TARGET_INFO,
            server_challenge=os.urandom(8),
            target_info=encode_av_pairs(pairs),
            version=OWN_VERSION if NegotiateFlags.VERSION in flags else bytes(8),
        )
        self.negotiate, self.challenge = token, message.encode()
        self.server_challenge = message.server_challenge
        return self.challenge

    def _step_accept_authenticate(self, token: bytes, channel_bindings: GssChannelBindings | None) -> None:
        """Verify the proof over the client's own bytes, [MS-NLMP] 3.2.5.1.2."""
        message = AuthenticateMessage.decode(token)
        response = message.nt_challenge_response
        flags = message.negotiate_flags
        if not message.user_name or NegotiateFlags.ANONYMOUS in flags:
            raise _refused("refused an anonymous login")
        if len(response) < _SHORTEST_V2_RESPONSE:
            raise _refused("refused a login with LM or NTLMv1")
        if REQUIRED not in flags:
            raise _refused("refused a login without 128-bit sealing")
        proof, blob = response[:16], response[16:]
        # An unknown user costs the same time as a wrong password: a key that nobody has stands in for the hash.
        key = ntowfv2(self.nt_hash or os.urandom(16), message.user_name, message.domain_name)
        is_proved = hmac.compare_digest(proof, hmac_md5(key, self.server_challenge + blob))
        if not is_proved or self.nt_hash is None:
            raise _refused("wrong user name or password")
        session_key = hmac_md5(key, proof)
        if NegotiateFlags.KEY_EXCH in flags:
            if len(message.encrypted_random_session_key) != 16:
                raise _refused("refused a login without a session key")
            session_key = Rc4(session_key).update(message.encrypted_random_session_key)
        told = dict(decode_av_pairs(blob[_FIXED_BLOB:]))
        # SPNEGO signs its list of mechanisms exactly when NTLM has a MIC, [MS-SPNG] 3.1.5.1.
        self._mic_required = bool(int.from_bytes(told.get(AvId.FLAGS, b""), "little") & _MIC_PROVIDED)
        if self._mic_required:
            expected = hmac_md5(session_key, self.negotiate + self.challenge + without_mic(token))
            if message.mic is None or not hmac.compare_digest(message.mic, expected):
                raise _refused("refused a login whose messages were changed on their way")
        self._session_key = session_key
        self._context_attr = int(flags)
        self._complete = True


def _refused(why: str) -> AuthenticationFailed:
    return AuthenticationFailed(why, ntstatus=NtStatus.STATUS_LOGON_FAILURE)


class Spnego(NegotiateProxy):
    """SPNEGO around one NTLM context, whatever else is installed on the machine."""

    def __init__(self, usage: str, context: InMemoryNtlm) -> None:
        super().__init__(
            usage=usage,
            protocol="negotiate",
            options=NegotiateOptions.use_negotiate,
            _negotiate_contexts={GSSMech.ntlm: context},
        )

    @classmethod
    def available_protocols(cls, options: NegotiateOptions | None = None) -> list[str]:  # noqa: ARG003
        return ["ntlm", "negotiate"]


def inner_token(token: bytes) -> bytes | None:
    """The NTLM message in a token of either form; None when there is none."""
    if message_type(token) is not None:
        return token
    with pyspnego("SPNEGO"):
        unpacked = unpack_token(token)
        found = None
        if isinstance(unpacked, NegTokenInit):
            found = unpacked.mech_token
        elif isinstance(unpacked, NegTokenResp):
            found = unpacked.response_token
        return found if found and message_type(found) is not None else None
