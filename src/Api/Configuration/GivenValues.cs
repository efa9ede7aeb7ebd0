using Veza.Mail;
using Veza.Media;

namespace Veza.Api.Configuration;

/// <summary>Reads variables one by one and collects their problems, so that all are reported together.</summary>
/// <param name="problems">Those found before; the others are added.</param>
internal sealed class GivenValues(IReadOnlyDictionary<string, string> variables, List<string> problems)
{
    public IReadOnlyList<string> Problems => problems;

    public void Problem(string problem) => problems.Add(problem);

    /// <returns>Null when it is not set, or wrong.</returns>
    public T? Optional<T>(Variable<T> variable)
        where T : class
    {
        if (!variables.TryGetValue(variable.Name, out var text) || text.Length == 0)
            return null;
        if (variable.Problem(text) is { } problem)
            Problem(problem);
        return variable.Read(text);
    }

    private bool IsSet(Variable variable) => variables.TryGetValue(variable.Name, out var text) && text.Length > 0;

    public T? Needed<T>(Variable<T> variable, string when)
        where T : class
    {
        if (!variables.TryGetValue(variable.Name, out var text) || text.Length == 0)
            Problem($"{variable.Name} is not set, but needed {when}; allowed is {variable.Allowed}");
        return Optional(variable);
    }

    /// <summary>
    /// The given value, or the table's default. A wrong value reads as the default; its problem stops the start later.
    /// </summary>
    public T Text<T>(Variable<T> variable)
        where T : class => Optional(variable) ?? variable.Read(variable.Default)!;

    public T Text<T>(Variable<T> variable, T otherwise)
        where T : class => Optional(variable) ?? otherwise;

    public T Value<T>(Variable<Value<T>> variable)
        where T : struct => Text(variable).Is;

    public T Value<T>(Variable<Value<T>> variable, T otherwise)
        where T : struct => Optional(variable)?.Is ?? otherwise;

    public BucketAddress? Bucket()
    {
        const string with = "with S3_ENDPOINT";
        var (region, pathStyle) = (Text(Variables.S3Region), Value(Variables.S3ForcePathStyle));
        if (!IsSet(Variables.S3Endpoint))
        {
            // Set without an endpoint, these show that it was forgotten: the audio would go to the disk.
            var others = new[] { Variables.S3Bucket, Variables.S3AccessKey, Variables.S3SecretKey };
            foreach (var other in others.Where(IsSet))
                Problem(
                    $"S3_ENDPOINT is not set, but needed with {other.Name}; allowed is {Variables.S3Endpoint.Allowed}"
                );
            return null;
        }
        var endpoint = Optional(Variables.S3Endpoint);
        var bucket = Needed(Variables.S3Bucket, with);
        var access = Needed(Variables.S3AccessKey, with);
        var secret = Needed(Variables.S3SecretKey, with);
        return endpoint is null || bucket is null || access is null || secret is null
            ? null
            : new(endpoint, bucket, region, access, secret, pathStyle);
    }

    public void RefuseUnsupported()
    {
        foreach (var variable in Variables.All.OfType<UnsupportedVariable>())
        {
            if (IsSet(variable) && variable.Problem(variables[variable.Name]) is { } problem)
                Problem(problem);
        }
    }

    /// <summary>Vault is read before the other settings, so only its own variables are checked here.</summary>
    public void CheckVault(bool production)
    {
        const string with = "with VAULT_ADDR";
        Optional(Variables.VaultNamespace);
        if (Optional(Variables.VaultAddress) is not { } address)
            return;
        Needed(Variables.VaultPath, with);
        Needed(Variables.VaultToken, with);
        if (production && address is { Scheme: "http", IsLoopback: false })
            Problem($"VAULT_ADDR={address} is not allowed in production; allowed is an https:// address");
    }

    /// <param name="site">PUBLIC_URL; null when it is not set, or wrong.</param>
    public SmtpServer? Smtp(bool production, Uri? site)
    {
        const string with = "with SMTP_HOST";
        var (port, tls) = (Value(Variables.SmtpPort), Value(Variables.SmtpTlsKind));
        var (user, password) = (Optional(Variables.SmtpUser), Optional(Variables.SmtpPassword));
        if (Optional(Variables.SmtpHost) is not { } host)
        {
            // Not needed without a host, but still checked.
            Optional(Variables.MailFrom);
            return null;
        }
        var from = Needed(Variables.MailFrom, with);
        if (!IsSet(Variables.PublicUrl))
            Needed(Variables.PublicUrl, with);
        if (user is null && password is not null)
            Problem("SMTP_USER is not set, but needed with SMTP_PASSWORD");
        if (user is not null && password is null)
            Problem("SMTP_PASSWORD is not set, but needed with SMTP_USER");
        if (production && tls == SmtpTls.Off && user is not null)
            Problem(
                "SMTP_TLS=off is not allowed in production with SMTP_USER, whose password would go in the clear; "
                    + "allowed is starttls or implicit"
            );
        if (production && site?.Scheme == "http")
            Problem($"PUBLIC_URL={site} is not allowed in production with SMTP_HOST; allowed is an https:// address");
        return from is null ? null : new(host, port, user, password, tls, from);
    }
}
