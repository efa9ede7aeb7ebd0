using System.Security.Cryptography;

namespace Veza.Api.Configuration;

/// <summary>Generates secrets for development: once, readable only by their owner, and reused on every start.</summary>
public static class DevelopmentSecrets
{
    public static VezaSettings Fill(VezaSettings settings) =>
        settings with
        {
            JwtSecret = settings.JwtSecret ?? ReadOrMake(settings, "jwt.secret"),
            EncryptionKey = settings.EncryptionKey ?? ReadOrMake(settings, "encryption.key"),
        };

    private static string ReadOrMake(VezaSettings settings, string name)
    {
        // The parser has refused this already; reaching it means that the parser was bypassed.
        if (settings.InProduction)
            throw new InvalidOperationException($"{name} must not be generated in production.");

        Directory.CreateDirectory(settings.VezaHome);
        var path = Path.Combine(settings.VezaHome, name);
        if (!File.Exists(path))
        {
            using var file = new StreamWriter(
                path,
                new FileStreamOptions
                {
                    Mode = FileMode.CreateNew,
                    Access = FileAccess.Write,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                }
            );
            file.Write(Convert.ToBase64String(RandomNumberGenerator.GetBytes(Kinds.SecretBytesMin)));
        }
        return File.ReadAllText(path);
    }
}
