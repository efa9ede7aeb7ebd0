namespace Veza.Api.Auth;

/// <param name="Id">The id of the session or the account that it belongs to.</param>
/// <param name="Text">The text that the client stores.</param>
/// <param name="Hash">
/// The hash that the log stores: SHA-256, which needs no salt and no work factor for 256 random bits.
/// </param>
public sealed record OpaqueToken(Guid Id, string Text, string Hash)
{
    public override string ToString() => $"a token of {Id}";
}
