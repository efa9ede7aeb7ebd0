using System.Diagnostics;
using System.Globalization;

namespace Veza.Faults.Tests.Nodes;

internal static class Signals
{
    /// <summary>Sends a signal, named without SIG, to one process.</summary>
    public static void Send(int processId, string signal)
    {
        // The shell's builtin kill, because a minimal Debian lacks the package of the program.
        using var kill = Process.Start(
            "sh",
            ["-c", """kill -s "$1" "$2" """, "sh", signal, processId.ToString(CultureInfo.InvariantCulture)]
        )!;
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }
}
