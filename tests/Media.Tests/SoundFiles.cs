using System.Collections.Concurrent;
using System.Diagnostics;

[assembly: AssemblyFixture(typeof(Veza.Media.Tests.SoundFiles))]

namespace Veza.Media.Tests;

/// <summary>Real files made by ffmpeg, each once, in a folder of this run.</summary>
public sealed class SoundFiles : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _made = new();

    public string Folder { get; } = Directory.CreateTempSubdirectory("veza-media-").FullName;

    /// <param name="name">The file's name; its ending chooses the container.</param>
    /// <param name="seconds">The length of a sweep with noise, in which no two pages are alike.</param>
    public Task<string> MakeAsync(string name, int seconds, params string[] options) =>
        _made
            .GetOrAdd(name, _ => new(async () =>
                {
                    var path = Path.Combine(Folder, name);
                    await RunAsync([
                        "-f",
                        "lavfi",
                        "-i",
                        "aevalsrc=0.4*sin(2*PI*(200+50*t)*t)+0.1*(random(0)-0.5)"
                            + $"|0.3*sin(2*PI*330*t):s=48000:d={seconds}",
                        .. options,
                        path,
                    ]);
                    return path;
                }))
            .Value;

    public string NewPath(string name) => Path.Combine(Folder, Guid.CreateVersion7().ToString("N") + name);

    public async Task<string> WriteAsync(string name, ReadOnlyMemory<byte> bytes)
    {
        var path = NewPath(name);
        await File.WriteAllBytesAsync(path, bytes);
        return path;
    }

    /// <summary>
    /// Decodes all of it from a pipe, as a listener's player does: in a file ffmpeg would first seek to the end for the
    /// length.
    /// </summary>
    /// <returns>
    /// ffmpeg's complaints ("" when sound), and the length of the output at 48 kHz with two channels.
    /// </returns>
    public async Task<(string Errors, double Seconds)> DecodeAsync(ReadOnlyMemory<byte> bytes, string format)
    {
        var output = NewPath(".raw");
        var errors = await RunAsync(
            ["-f", format, "-i", "pipe:0", "-map", "0:a:0", "-ar", "48000", "-ac", "2", "-f", "s16le", output],
            bytes,
            mayComplain: true
        );
        return (errors, File.Exists(output) ? new FileInfo(output).Length / (48000.0 * 4) : 0);
    }

    public static async Task<string> RunAsync(
        IEnumerable<string> arguments,
        ReadOnlyMemory<byte> input = default,
        bool mayComplain = false
    )
    {
        var start = new ProcessStartInfo("ffmpeg", ["-nostdin", "-hide_banner", "-v", "error", "-y", .. arguments])
        {
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        using var process = Process.Start(start)!;
        await process.StandardInput.BaseStream.WriteAsync(input);
        process.StandardInput.Close();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (!mayComplain)
            Assert.True(process.ExitCode == 0, errors);
        return errors.Trim();
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
