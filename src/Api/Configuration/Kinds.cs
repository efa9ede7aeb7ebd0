using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Veza.Api.Configuration;

/// <summary>The types of variables: how each is parsed and described.</summary>
internal static partial class Kinds
{
    public static Variable<Value<int>> Number(string name, string byDefault, string meaning, int min, int max) =>
        new(
            name,
            byDefault,
            meaning,
            string.Create(CultureInfo.InvariantCulture, $"a whole number from {min} to {max}"),
            text =>
                int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                && number >= min
                && number <= max
                    ? new(number)
                    : null
        );

    public static Variable<Value<long>> Size(string name, string byDefault, string meaning, long max, string maxText) =>
        new(name, byDefault, meaning, $"a size such as 500KB or {byDefault}, at most {maxText}", text =>
            Bytes(text) is { } bytes && bytes > 0 && bytes <= max ? new(bytes) : null
        );

    public static Variable<Value<bool>> Switch(string name, string byDefault, string meaning) =>
        new(name, byDefault, meaning, "true or false", text => bool.TryParse(text, out var on) ? new(on) : null);

    public static Variable<Value<T>> Choice<T>(string name, string byDefault, string meaning)
        where T : struct, Enum
    {
        var names = Enum.GetNames<T>().Select(n => n.ToLowerInvariant()).ToArray();
        return new(name, byDefault, meaning, string.Join(", ", names[..^1]) + " or " + names[^1], text =>
            names.Contains(text.ToLowerInvariant()) ? new(Enum.Parse<T>(text, ignoreCase: true)) : null
        );
    }

    public static Variable<string[]> List(string name, string byDefault, string meaning, params string[] allowed) =>
        new(name, byDefault, meaning, "a comma-separated list of " + string.Join(", ", allowed), text =>
            Items(text) is { Length: > 0 } items && items.All(allowed.Contains) ? items : null
        );

    public static Variable<string> Text(string name, string byDefault, string meaning, bool secret = false) =>
        new(
            name,
            byDefault,
            meaning,
            "any text that is not blank",
            text => string.IsNullOrWhiteSpace(text) ? null : text,
            secret
        );

    public static Variable<Uri> HttpUrl(string name, string meaning, string byDefault = "") =>
        new(name, byDefault, meaning, "an http:// or https:// address", text =>
            Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : null
        );

    public static Variable<string> Secret(string name, string meaning) =>
        Secret(name, "generated into VEZA_HOME in development, none in production", meaning);

    /// <summary>A secret of a replacement that is under way.</summary>
    public static Variable<string> AcceptedSecret(string name, string meaning) => Secret(name, "", meaning);

    private static Variable<string> Secret(string name, string byDefault, string meaning) =>
        new(
            name,
            byDefault,
            meaning,
            $"at least {SecretBytesMin} bytes that cannot be guessed",
            text => Encoding.UTF8.GetByteCount(text) >= SecretBytesMin && !Guessable(text) ? text : null,
            Secret: true
        );

    public static Variable<IPNetwork[]> Networks(string name, string meaning) =>
        new(name, "", meaning, "a comma-separated list of addresses and networks such as 10.0.0.0/8", text =>
        {
            var networks = Items(text).Select(Network).ToArray();
            return networks.Length > 0 && networks.All(n => n is not null) ? [.. networks.Select(n => n!.Value)] : null;
        });

    /// <returns>An address or a network in CIDR form; null when the text is neither.</returns>
    public static IPNetwork? Network(string text)
    {
        if (IPNetwork.TryParse(text, out var network))
            return network;
        return IPAddress.TryParse(text, out var address)
            ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
            : null;
    }

    public static string[] Items(string text) =>
        text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>The minimum for HMAC-SHA-256 and AES-256.</summary>
    public const int SecretBytesMin = 32;
    private const int DistinctCharactersMin = 10;

    /// <summary>Secrets copied from examples, and ones that are long only by repetition.</summary>
    private static bool Guessable(string text) =>
        text.Distinct().Count() < DistinctCharactersMin
        || new[] { "change", "secret", "example", "default", "password" }.Any(word =>
            text.Contains(word, StringComparison.OrdinalIgnoreCase)
        );

    private static long? Bytes(string text)
    {
        var match = SizePattern().Match(text);
        if (
            !match.Success
            || !long.TryParse(
                match.Groups[1].ValueSpan,
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var number
            )
            || number > int.MaxValue
        )
            return null;
        return match.Groups[2].Value.ToUpperInvariant() switch
        {
            "GB" => number << 30,
            "MB" => number << 20,
            "KB" => number << 10,
            _ => number,
        };
    }

    [GeneratedRegex(@"^(\d+) ?(B|KB|MB|GB)?$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SizePattern();
}
