using MartenOnVeza;

// Takes the database of a running Veza, in Npgsql's form, and its ENCRYPTION_KEY. `./veza config` shows their sources.
var database = Environment.GetEnvironmentVariable("VEZA_DATABASE");
var encryptionKey = Environment.GetEnvironmentVariable("ENCRYPTION_KEY");
if (database is null || encryptionKey is null)
{
    Console.Error.WriteLine(
        "set VEZA_DATABASE (\"Host=…;Database=…;Username=…\") and ENCRYPTION_KEY to those of a running Veza"
    );
    return 1;
}
await Sample.RunAsync(database, encryptionKey, Console.Out, CancellationToken.None);
return 0;
