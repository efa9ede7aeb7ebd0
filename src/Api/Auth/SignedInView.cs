using System.Text.Json.Serialization;

namespace Veza.Api.Auth;

/// <summary>The answer to a sign-in, a registration or a refresh.</summary>
/// <param name="Id">The session's id; after a registration, the account's.</param>
/// <param name="ExpiresIn">Seconds until the access token expires.</param>
public sealed record SignedInView(
    Guid Id,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? AccountId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? SessionId,
    string AccessToken,
    string RefreshToken,
    int ExpiresIn
)
{
    public override string ToString() => $"{nameof(SignedInView)} {Id}";
}
