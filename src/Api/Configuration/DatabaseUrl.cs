using Npgsql;

namespace Veza.Api.Configuration;

/// <summary>
/// `postgresql://user:password@host:port/database?sslmode=require`, as libpq reads it. Of several hosts, with commas
/// between, the one that accepts writes is used.
/// </summary>
public sealed record DatabaseUrl(string ConnectionString)
{
    private const int PortByDefault = 5432;

    /// <returns>Null when the text is not such an address.</returns>
    public static DatabaseUrl? Parse(string text)
    {
        var (address, others) = FirstHost(text);
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme is not ("postgresql" or "postgres"))
            return null;
        var user = url.UserInfo.Split(':', 2).Select(Uri.UnescapeDataString).ToArray();
        var database = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/'));
        if (url.Host.Length == 0 || user[0].Length == 0 || database.Length == 0)
            return null;

        var connection = new NpgsqlConnectionStringBuilder
        {
            Host = url.DnsSafeHost,
            Port = url.Port > 0 ? url.Port : PortByDefault,
            Username = user[0],
            Database = database,
        };
        if (others.Length > 0)
        {
            var hosts = others.Select(HostAndPort).Prepend(HostAndPort(url.Authority));
            if (hosts.Any(host => host is null))
                return null;
            connection.Host = string.Join(',', hosts);
        }
        if (user.Length > 1)
            connection.Password = user[1];
        foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = pair.Split('=', 2) is [var n, var v] ? (n, Uri.UnescapeDataString(v)) : (pair, "");
            switch (name)
            {
                case "sslmode" when Enum.TryParse<SslMode>(value.Replace("-", ""), ignoreCase: true, out var mode):
                    connection.SslMode = mode;
                    break;
                case "application_name":
                    connection.ApplicationName = value;
                    break;
                // A folder of unix sockets.
                case "host" when value.StartsWith('/'):
                    connection.Host = value;
                    break;
                default:
                    return null;
            }
        }
        return new(connection.ConnectionString);
    }

    /// <returns>The address with its first host alone, and its other hosts.</returns>
    private static (string Address, string[] Others) FirstHost(string text)
    {
        var begin = text.IndexOf("//", StringComparison.Ordinal) + 2;
        var end = text.IndexOfAny(['/', '?'], begin);
        if (begin < 2 || end < 0)
            return (text, []);
        // A password may have a comma in it.
        var hosts = text.AsSpan(begin, end - begin).LastIndexOf('@') is var at and >= 0 ? begin + at + 1 : begin;
        var all = text[hosts..end].Split(',');
        return (text[..hosts] + all[0] + text[end..], all[1..]);
    }

    /// <returns>In Npgsql's form; null when it is not a host with or without a port.</returns>
    private static string? HostAndPort(string text)
    {
        if (!Uri.TryCreate($"postgresql://{text}/", UriKind.Absolute, out var url) || url.Host.Length == 0)
            return null;
        return $"{url.Host}:{(url.Port > 0 ? url.Port : PortByDefault)}";
    }

    // The record's own text would print the password into logs.
    public override string ToString() => Variable.Mask;
}
