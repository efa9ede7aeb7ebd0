using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Veza.Integration.Tests;

/// <summary>Runs the tour of README.md as it stands there, and compares what each request answers.</summary>
public sealed partial class ReadmeTests(VezaServer veza)
{
    private const string Section = "## A tour in 60 seconds";
    private const string AddressInReadme = "http://localhost:8080";
    private const string StepEnds = "--- the step ends ---";

    [Fact]
    public async Task The_tour_answers_what_the_readme_shows()
    {
        var steps = StepsOf(await File.ReadAllTextAsync(Path.Combine(Checkout(), "README.md")));
        Assert.Equal(4, steps.Count);

        // The tests' one server may have an account of that name.
        var name = $"ana_{Guid.CreateVersion7().ToString("N")[20..]}";
        var script = string.Join($"\necho '{StepEnds}'\n", steps.Select(step => step.Commands))
            .Replace(AddressInReadme, veza.Address, StringComparison.Ordinal)
            .Replace("\"ana\"", $"\"{name}\"", StringComparison.Ordinal)
            .Replace("ana@example.org", $"{name}@example.org", StringComparison.Ordinal);
        var answers = (await RunAsync(script)).Replace(name, "ana", StringComparison.Ordinal).Split(StepEnds);

        Assert.Equal(steps.Select(step => Comparable(step.Answer)), answers.Select(Comparable));
    }

    /// <summary>The commands of each step, and the answer below them.</summary>
    private static List<(string Commands, string Answer)> StepsOf(string readme)
    {
        var tour = readme[readme.IndexOf(Section, StringComparison.Ordinal)..];
        tour = tour[..tour.IndexOf("\n## ", StringComparison.Ordinal)];
        return [.. Step().Matches(tour).Select(m => (m.Groups["commands"].Value, m.Groups["answer"].Value))];
    }

    private static async Task<string> RunAsync(string script)
    {
        var ct = TestContext.Current.CancellationToken;
        using var bash = Process.Start(
            new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", script])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var (output, errors) = (bash.StandardOutput.ReadToEndAsync(ct), bash.StandardError.ReadToEndAsync(ct));
        await bash.WaitForExitAsync(ct);
        Assert.True(bash.ExitCode == 0, $"exit code {bash.ExitCode}: {await errors}{await output}");
        return await output;
    }

    /// <summary>One JSON value a line, with ids, times, tokens and positions replaced by their kinds.</summary>
    private static string Comparable(string answers)
    {
        var same = Uuid().Replace(answers, "an id");
        same = Time().Replace(same, "a time");
        same = Token().Replace(same, "\"$1\":\"a token\"");
        same = Position().Replace(same, "\"position\":1");
        // curl writes the answers of several addresses one after the other.
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(same), new() { AllowMultipleValues = true });
        var values = new List<string>();
        while (reader.Read())
            values.Add(JsonNode.Parse(ref reader)!.ToJsonString());
        return string.Join('\n', values);
    }

    private static string Checkout()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Veza.EventSourced.sln")))
            folder = folder.Parent!;
        return folder.FullName;
    }

    [GeneratedRegex("```bash\n(?<commands>.*?)```\n+```json\n(?<answer>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Step();

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Uuid();

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)")]
    private static partial Regex Time();

    [GeneratedRegex("\"(accessToken|refreshToken)\":\\s*\"[^\"]*\"")]
    private static partial Regex Token();

    [GeneratedRegex("\"position\":\\s*\\d+")]
    private static partial Regex Position();
}
