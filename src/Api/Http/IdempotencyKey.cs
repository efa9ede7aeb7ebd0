using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Veza.EventStore.Events;

namespace Veza.Api.Http;

/// <summary>
/// A request's <c>Idempotency-Key</c> with a fingerprint of the request, which detects reuse of the key for another
/// request.
/// </summary>
public sealed class IdempotencyKey(string key, byte[] fingerprint)
{
    public const int LengthMax = 200;

    /// <summary>
    /// Longest body that is buffered in memory while it is hashed; a longer one goes to a temporary file.
    /// </summary>
    private const int FingerprintBytesMax = 1 << 20;

    public byte[] Fingerprint { get; } = fingerprint;

    public byte[] FingerprintWith(byte[]? content) =>
        content is null ? Fingerprint : SHA256.HashData([.. Fingerprint, .. content]);

    /// <returns>The same id for the same caller and key, of UUID version 8.</returns>
    public Guid CommandId(string caller) => DerivedId.Of(Encoding.UTF8.GetBytes($"{caller}\n{key}"));

    /// <summary>
    /// The same key with a keyed fingerprint, for requests that hold a password: without the secret, guesses cannot be
    /// tested against it.
    /// </summary>
    public IdempotencyKey Sealed(byte[] secret) => new(key, HMACSHA256.HashData(secret, Fingerprint));

    /// <summary>Reads the key and hashes the request before it is bound.</summary>
    public static Task Middleware(HttpContext context, RequestDelegate next) =>
        context.Request.Headers["Idempotency-Key"] is [{ } key, ..] ? WithKeyAsync(key, context, next) : next(context);

    private static async Task WithKeyAsync(string key, HttpContext context, RequestDelegate next)
    {
        if (key.Length is 0 or > LengthMax)
        {
            await Problems.WriteAsync(
                context,
                Problems.Invalid(
                    "idempotencyKey",
                    $"Idempotency-Key has {key.Length} characters; 1 to {LengthMax} are allowed"
                )
            );
            return;
        }
        var bytesMax = context.RequestServices.GetRequiredService<RequestLimits>().BodyBytesMax;
        context.Features.Set(
            new IdempotencyKey(key, await FingerprintAsync(context.Request, bytesMax, context.RequestAborted))
        );
        await next(context);
    }

    private static async Task<byte[]> FingerprintAsync(HttpRequest request, long bytesMax, CancellationToken ct)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}{request.QueryString}\n"));
        if (request.HasJsonContentType())
        {
            // With or without a length: a client may send the same body either way.
            request.EnableBuffering(FingerprintBytesMax);
            var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
            try
            {
                int read;
                var total = 0L;
                while ((read = await request.Body.ReadAsync(buffer, ct)) > 0)
                {
                    // Only the upload's endpoint lifts the server's limit.
                    if ((total += read) > bytesMax)
                        throw new BadHttpRequestException(
                            $"the body is more than {bytesMax} bytes",
                            StatusCodes.Status413PayloadTooLarge
                        );
                    hash.AppendData(buffer, 0, read);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
            request.Body.Position = 0;
        }
        return hash.GetHashAndReset();
    }
}
