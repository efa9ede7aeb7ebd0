using System.Globalization;
using System.Text;

namespace Veza.Deploy.Tests.Rehearsal;

/// <summary>What a rehearsal required, and what it saw. Prints each row at once, and all again at the end.</summary>
internal sealed class RehearsalTable
{
    private readonly StringBuilder _rows = new("| step | required | seen | seconds | |\n|---|---|---|---|---|\n");

    public List<string> Failures { get; } = [];

    /// <param name="details">What is printed when it is not as required.</param>
    public void Add(string step, string required, string seen, TimeSpan took, bool asRequired, string details = "")
    {
        var row = string.Create(
            CultureInfo.InvariantCulture,
            $"| {step} | {required} | {seen} | {took.TotalSeconds:F0} | {(asRequired ? "yes" : "**no**")} |"
        );
        _rows.AppendLine(row);
        Write($"{TimeProvider.System.GetUtcNow():HH:mm:ss} {row}");
        if (asRequired)
            return;
        Failures.Add($"{row}\n{details}");
        Write(details);
    }

    public void Print() => Write(_rows.ToString());

    private static void Write(string text) => TestContext.Current.TestOutputHelper?.WriteLine(text);
}
