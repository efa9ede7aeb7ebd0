// `./veza codegen`: writes the handlers' code and plans into the checkout that is the current folder.
using Veza.Codegen;

var root = args is [var checkout] ? checkout : Directory.GetCurrentDirectory();
var files = await PrebuiltHandlers.GenerateAsync();
foreach (var folder in PrebuiltHandlers.Folders.Select(path => Path.Combine(root, path)).Where(Directory.Exists))
    Directory.Delete(folder, recursive: true);
foreach (var (path, code) in files)
{
    var file = Path.Combine(root, path);
    Directory.CreateDirectory(Path.GetDirectoryName(file)!);
    await File.WriteAllTextAsync(file, code);
}
await File.WriteAllTextAsync(Path.Combine(root, PrebuiltHandlers.Plans), HandlerPlans.Markdown());
Console.WriteLine(
    $"{files.Count} files are in {string.Join(" and ", PrebuiltHandlers.Folders)}, "
        + $"the plans in {PrebuiltHandlers.Plans}"
);
