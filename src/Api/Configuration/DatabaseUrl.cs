using Npgsql;

namespace Veza.Api.Configuration;

/// <summary>`postgresql://user:password@host:port/database?sslmode=require`, as libpq reads it.</summary>
public sealed record DatabaseUrl(string ConnectionString)
{
    /// <returns>Null when the text is not such an address.</returns>
    public static DatabaseUrl? Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("postgresql" or "postgres"))
            return null;
        var user = url.UserInfo.Split(':', 2).Select(Uri.UnescapeDataString).ToArray();
        var database = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/'));
        if (url.Host.Length == 0 || user[0].Length == 0 || database.Length == 0)
            return null;

        var connection = new NpgsqlConnectionStringBuilder
        {
            Host = url.DnsSafeHost,
            Port = url.Port > 0 ? url.Port : 5432,
            Username = user[0],
            Database = database,
        };
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

    // The record's own text would print the password into logs.
    public override string ToString() => Variable.Mask;
}
