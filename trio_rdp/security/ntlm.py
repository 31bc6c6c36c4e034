"""NTLM for both roles, [MS-NLMP]: one login each, raw or inside SPNEGO, NTLMv2 and nothing older."""

from __future__ import annotations

from spnego._context import ContextProxy, GSSMech
from spnego._spnego import NegTokenInit, unpack_token

from trio_rdp.security.ntlm_contexts import Acceptor, Initiator, Spnego, inner_token, pyspnego
from trio_rdp.security.ntlm_crypto import nt_hash_of, ntlm_hash
from trio_rdp.security.ntlm_info import NtlmChallengeInfo, NtlmForm, TargetNames, negotiate_token
from trio_rdp.security.ntlm_messages import AUTHENTICATE, NEGOTIATE, AuthenticateMessage, message_type
from trio_rdp.security.ntstatus import NtStatus
from trio_rdp.wire.errors import AuthenticationFailed, DecodeError, InvalidField

__all__ = [
    "NtlmChallengeInfo",
    "NtlmClient",
    "NtlmForm",
    "NtlmServer",
    "TargetNames",
    "negotiate_token",
    "ntlm_hash",
]


class NtlmClient:
    """One login as a client: `start`, `prove`, and `finish` with what SPNEGO says last.

    `password` may be the 16 bytes of an NT hash.  The password itself is not kept.
    """

    def __init__(
        self,
        username: str,
        password: str | bytes,
        domain: str = "",
        *,
        form: NtlmForm = NtlmForm.RAW,
        workstation: str = "",
        target_name: str = "",
    ) -> None:
        self.form = form
        self._ntlm = Initiator(username, nt_hash_of(password), domain, workstation, target_name)
        self._context: ContextProxy = self._ntlm if form is NtlmForm.RAW else Spnego("initiate", self._ntlm)

    def start(self) -> bytes:
        """The first token."""
        with pyspnego("NTLM"):
            return self._context.step() or b""

    def prove(self, token: bytes) -> bytes:
        """Answer the server's token, which holds its challenge, with the token that holds the proof.

        From when this was sent on, a failure counts against the account.
        """
        with pyspnego("NTLM"):
            proof = self._context.step(token)
        if proof is None or not self._ntlm.complete:
            raise InvalidField("NTLM: the server's token holds no challenge")
        return proof

    def finish(self, token: bytes) -> None:
        """Verify what SPNEGO says last, which proves that nobody took better mechanisms out of the list."""
        with pyspnego("SPNEGO"):
            if self.form is NtlmForm.SPNEGO and not self._context.complete:
                self._context.step(token)

    def wrap(self, data: bytes) -> bytes:
        """Sign and seal, [MS-NLMP] 3.4."""
        with pyspnego("NTLM"):
            return self._context.wrap(data).data

    def unwrap(self, data: bytes) -> bytes:
        """Open what the server sealed; raises `AuthenticationFailed` when it was not with this session's key."""
        with pyspnego("NTLM"):
            return self._context.unwrap(data).data


class NtlmServer:
    """One login as a server: `step` with each token, but `verify` with the one that `identity` finds a user in.

    It takes either form, and finds out by the first token which one it is.
    """

    def __init__(self, names: TargetNames | None = None) -> None:
        self._ntlm = Acceptor(names or TargetNames())
        self._context: ContextProxy | None = None

    @property
    def form(self) -> NtlmForm:
        """The form that the client chose."""
        return NtlmForm.SPNEGO if isinstance(self._context, Spnego) else NtlmForm.RAW

    def identity(self, token: bytes) -> tuple[str, str] | None:
        """Domain and user of the AUTHENTICATE_MESSAGE in a token; None when it holds another message or none."""
        message = inner_token(token)
        if message is None or message_type(message) != AUTHENTICATE:
            return None
        if not self._ntlm.challenge:
            raise InvalidField("NTLM: an answer before the challenge")
        decoded = AuthenticateMessage.decode(message)
        return decoded.domain_name, decoded.user_name

    def step(self, token: bytes) -> bytes:
        """Answer a token that tells no user yet."""
        if self._context is None:
            token = self._choose(token)
        assert self._context is not None
        with pyspnego("NTLM"):
            answer = self._context.step(token)
        if answer is None:
            raise InvalidField("NTLM: a token that asks for no answer")
        return answer

    def _choose(self, token: bytes) -> bytes:
        """Settle the form by the first token, and give the token to begin with."""
        kind = message_type(token)
        if kind is not None:
            if kind != NEGOTIATE:
                raise InvalidField(f"NTLM: message {kind} comes first")
            self._context = self._ntlm
            return token
        with pyspnego("SPNEGO"):
            init = unpack_token(token)
            if not isinstance(init, NegTokenInit):
                # rdesktop 1.9 sends a bare Kerberos token when it has a ticket.
                raise _unsupported("the client's first token is neither NTLM nor SPNEGO")
            if GSSMech.ntlm.value not in init.mech_types:
                raise _unsupported("the client offers no NTLM, and Kerberos is not supported")
            self._context = Spnego("accept", self._ntlm)
            if init.mech_types[0] != GSSMech.ntlm.value:
                # The token inside belongs to the mechanism that the client likes best (mstsc in a domain: Kerberos).
                # Without it, SPNEGO asks for NTLM and for a signature over the list.
                return NegTokenInit(init.mech_types, mech_token=None).pack()
        return token

    def verify(self, token: bytes, secret: str | bytes | None) -> bytes | None:
        """Check the proof in a token against a password, an NT hash, or nobody's (None).

        Gives the token to send back, if SPNEGO has one.  Raises `AuthenticationFailed` when the proof does not hold,
        when it is LM or NTLMv1, when it is anonymous, and when its MIC is wrong.
        """
        if self._context is None:
            raise InvalidField("NTLM: an answer before the challenge")
        self._ntlm.nt_hash = None if secret is None else nt_hash_of(secret)
        with pyspnego("NTLM"):
            answer = self._context.step(token)
        if not self._ntlm.complete:
            raise DecodeError("NTLM: the proof is missing")
        return answer

    def wrap(self, data: bytes) -> bytes:
        """Sign and seal, [MS-NLMP] 3.4."""
        with pyspnego("NTLM"):
            return self._ntlm.wrap(data).data

    def unwrap(self, data: bytes) -> bytes:
        """Open what the client sealed; raises `AuthenticationFailed` when it was not with this session's key."""
        with pyspnego("NTLM"):
            return self._ntlm.unwrap(data).data


def _unsupported(why: str) -> AuthenticationFailed:
    return AuthenticationFailed(why, ntstatus=NtStatus.STATUS_NOT_SUPPORTED)
