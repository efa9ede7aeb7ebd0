namespace Veza.Api.Auth;

/// <summary>Why a token is invalid.</summary>
public enum TokenFault
{
    None,
    Malformed,
    OtherKind,
    UnknownKey,
    WrongSignature,
    WrongClaims,
    NotYetValid,
    Expired,
}
