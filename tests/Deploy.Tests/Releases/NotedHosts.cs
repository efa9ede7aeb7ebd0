using System.Globalization;

namespace Veza.Deploy.Tests.Releases;

/// <summary>
/// Two nodes and a proxy of which only notes are kept (deploy/test/stand-ins/ssh-noted), served by 1.0.0 in blue.
/// </summary>
internal sealed class NotedHosts : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("veza-noted-").FullName;

    public NotedHosts(string settings = "")
    {
        foreach (var node in new[] { "app1", "app2" })
        {
            Directory.CreateDirectory(Path.Combine(_folder, node));
            Write($"{node}/blue", "1.0.0");
            Write($"{node}/blue-state", "ready");
        }
        Write("weights", "app1:8080=100\napp2:8080=100");
        Write(
            "test.env",
            $"""
            PLATFORM=hosts
            VEZA_HOSTS="app1 app2"
            PROXY_HOSTS=proxy
            SSH_COMMAND={Shell.Root}/deploy/test/stand-ins/ssh-noted
            PUBLIC_URL=
            DEPLOY_LOG={_folder}/log
            WATCH_SECONDS=0
            WARM_UP_SECONDS=0
            WINDOW_SECONDS=0
            PROBE_SECONDS=0
            {settings}
            """
        );
    }

    public string Weights => Read("weights");

    /// <summary>Each command so far, as "HOST COMMAND".</summary>
    public string[] Calls => Read("calls").Split('\n');

    /// <summary>Releases and states of both slots, such as <c>1.0.0 ready, none stopped</c>.</summary>
    public string Slots(string node) =>
        $"{Read($"{node}/blue")} {Read($"{node}/blue-state")}, {Read($"{node}/green")} {Read($"{node}/green-state")}";

    public string Outcome => Read("log").Split('\n')[^1].Split('\t')[^1];

    public void Write(string file, string text) => File.WriteAllText(Path.Combine(_folder, file), text + "\n");

    public Task<ShellResult> DeployAsync(string version, string strategy = "rolling") =>
        Shell.RunAsync(
            "env",
            // As from a terminal, whose Ctrl-C goes to all processes of the group. Without the first part, signals that
            // this process ignores would be ignored by the script too.
            [
                "--default-signal=INT,HUP,TERM,PIPE",
                "setsid",
                "deploy/scripts/deploy.sh",
                $"{_folder}/test.env",
                version,
                "--strategy",
                strategy,
            ],
            new Dictionary<string, string> { ["NOTES"] = _folder }
        );

    /// <summary>As <see cref="DeployAsync"/>, with a program that reads what the script says.</summary>
    public Task<ShellResult> DeployToAsync(string reader, string version) =>
        Shell.RunAsync(
            "bash",
            ["-c", $"env --default-signal=PIPE deploy/scripts/deploy.sh {_folder}/test.env {version} 2> >({reader})"],
            new Dictionary<string, string> { ["NOTES"] = _folder }
        );

    /// <summary>Takes the lock of deployments, and fails if one holds it.</summary>
    public Task<ShellResult> LockAsync() =>
        Shell.RunAsync("flock", "--nonblock", Path.Combine(_folder, "lock"), "true");

    /// <summary>Waits until a deployment is at the command that <c>pause</c> names.</summary>
    public Task PausedAsync() => Eventually.TrueAsync(() => File.Exists(Path.Combine(_folder, "paused")));

    /// <summary>Sends a signal to the group of the deployment, and lets the next one pass.</summary>
    public async Task SignalAsync(string signal)
    {
        var group = Read("group");
        (
            await Shell.RunAsync("kill", $"-{signal}", "--", string.Create(CultureInfo.InvariantCulture, $"-{group}"))
        ).Succeeded();
        Go();
    }

    public void Go() => Write("go", "");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Read(string file)
    {
        var path = Path.Combine(_folder, file);
        return File.Exists(path) ? File.ReadAllText(path).Trim() : "none";
    }
}
