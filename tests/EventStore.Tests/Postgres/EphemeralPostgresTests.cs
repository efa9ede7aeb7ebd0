using System.Diagnostics;
using Veza.EventStore.Postgres;

namespace Veza.EventStore.Tests.Postgres;

public sealed class EphemeralPostgresTests
{
    [Fact]
    public async Task It_is_gone_without_a_trace_when_stopped()
    {
        var postgres = await LocalPostgres.StartEphemeralAsync();
        Assert.Equal("on", await LocalPostgresTests.Ask(postgres, "SHOW fsync"));
        var (processId, data) = (postgres.ProcessId, postgres.DataFolder);

        await postgres.StopAsync();

        Assert.False(Directory.Exists(data));
        Assert.False(Directory.Exists($"/proc/{processId}/cwd"));
    }

    [Fact]
    public async Task Several_run_side_by_side_and_come_back_after_a_kill()
    {
        await using var one = await LocalPostgres.StartEphemeralAsync();
        await using var other = await LocalPostgres.StartEphemeralAsync();
        await LocalPostgresTests.Execute(one, "CREATE TABLE only_here(n int)");

        await other.KillAsync();
        await other.RestartAsync();

        Assert.Equal(
            "1",
            await LocalPostgresTests.Ask(one, "SELECT count(*) FROM pg_class WHERE relname = 'only_here'")
        );
        Assert.Equal(
            "0",
            await LocalPostgresTests.Ask(other, "SELECT count(*) FROM pg_class WHERE relname = 'only_here'")
        );
    }

    /// <summary>
    /// The maker that is killed is this test program, started again; see <see cref="EphemeralPostgresMaker"/>.
    /// </summary>
    [Fact]
    public async Task It_is_gone_when_its_maker_is_killed()
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [
                typeof(EphemeralPostgresTests).Assembly.Location,
                "--explicit",
                "only",
                "--filter-method",
                $"{typeof(EphemeralPostgresMaker).FullName}.Make_one_and_wait",
            ]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        var note = Path.GetTempFileName();
        start.Environment[EphemeralPostgresMaker.NoteVariable] = note;
        using var maker = Process.Start(start)!;

        await Eventually.TrueAsync(() => maker.HasExited || File.ReadAllText(note).EndsWith('\n'));
        Assert.False(maker.HasExited, "The maker ended before it made a server.");
        var data = (await File.ReadAllTextAsync(note)).Trim();
        Assert.True(Directory.Exists(data));
        maker.Kill();

        await Eventually.TrueAsync(() => !Directory.Exists(data));
        File.Delete(note);
    }
}

public sealed class EphemeralPostgresMaker
{
    public const string NoteVariable = "VEZA_TEST_EPHEMERAL_NOTE";

    /// <summary>Not a test by itself: run by another test, which kills it.</summary>
    [Fact(Explicit = true)]
    public async Task Make_one_and_wait()
    {
        if (Environment.GetEnvironmentVariable(NoteVariable) is not { } note)
            return;
        var postgres = await LocalPostgres.StartEphemeralAsync();
        await File.WriteAllTextAsync(note, postgres.DataFolder + "\n");
        await Task.Delay(Timeout.Infinite);
    }
}
