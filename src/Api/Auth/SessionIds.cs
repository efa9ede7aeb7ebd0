namespace Veza.Api.Auth;

/// <summary>
/// The ids that the log stores as the answer of a sign-in command. With <see cref="AccountId"/>, the id is the
/// session's; with <see cref="SessionId"/>, it is the new account's.
/// </summary>
public sealed record SessionIds(Guid Id, Guid? AccountId = null, Guid? SessionId = null);
