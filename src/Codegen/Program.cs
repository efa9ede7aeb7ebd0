// `./veza codegen` in the folder of a checkout: writes the handlers' code and plans.
using Veza.Codegen;

var root = args is [var given] ? given : Directory.GetCurrentDirectory();
var folder = Path.Combine(root, PrebuiltHandlers.Folder);
var files = await PrebuiltHandlers.GenerateAsync();
if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
foreach (var (path, code) in files)
{
    var file = Path.Combine(folder, path);
    Directory.CreateDirectory(Path.GetDirectoryName(file)!);
    await File.WriteAllTextAsync(file, code);
}
await File.WriteAllTextAsync(Path.Combine(root, PrebuiltHandlers.Plans), HandlerPlans.Markdown());
Console.WriteLine($"{files.Count} files are in {PrebuiltHandlers.Folder}, the plans in {PrebuiltHandlers.Plans}");
