using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Veza.Architecture.Tests;

/// <summary>Every external program is started by one class per room, and that class sets its limits.</summary>
public sealed class ExternalProgramsTests
{
    private static readonly Dictionary<string, string> MayStart = new()
    {
        // Sets prlimit, nice, the OOM score, a time limit and bounds on what is read.
        ["Media"] = "Veza.Media.ExternalTool",
        // PostgreSQL and the shell commands around it. Their arguments are ours, never a client's. The server has its
        // own limits (postgresql.conf, connections, the disk): one on its memory or processor time would end it.
        ["EventStore"] = "Veza.EventStore.Postgres.ServerAccount",
    };

    private static readonly string[] Starters =
    [
        "System.Diagnostics.Process::Start",
        "System.Diagnostics.ProcessStartInfo::.ctor",
        "System.Diagnostics.Process::.ctor",
    ];

    private static readonly string[] NativeStarters =
    [
        "fork",
        "vfork",
        "clone",
        "clone3",
        "system",
        "popen",
        "posix_spawn",
        "posix_spawnp",
        "execl",
        "execlp",
        "execle",
        "execv",
        "execvp",
        "execvpe",
        "execve",
        "syscall",
    ];

    public static TheoryData<string> Rooms =>
        [
            .. Directory
                .GetFiles(AppContext.BaseDirectory, "Veza.*.dll")
                .Where(path => !path.EndsWith(".Tests.dll", StringComparison.Ordinal)),
        ];

    [Theory, MemberData(nameof(Rooms))]
    public void Only_one_class_of_a_room_starts_programs(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var reader = file.GetMetadataReader();
        var room = Path.GetFileNameWithoutExtension(path)["Veza.".Length..];

        var starting = reader
            .TypeDefinitions.Where(type => Starts(file, reader, reader.GetTypeDefinition(type)))
            .Select(type => Outermost(reader, type))
            .ToHashSet();

        string[] allowed = MayStart.TryGetValue(room, out var only) ? [only] : [];
        Assert.Equal(allowed, starting.Order());
    }

    [Theory, MemberData(nameof(Rooms))]
    public void No_room_starts_programs_through_the_C_library(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var reader = file.GetMetadataReader();
        var imported = reader
            .MethodDefinitions.Select(method => reader.GetMethodDefinition(method).GetImport())
            .Where(import => !import.Name.IsNil)
            .Select(import => reader.GetString(import.Name));
        Assert.Empty(imported.Intersect(NativeStarters));
    }

    [Fact]
    public void Both_rooms_that_start_programs_are_looked_at() =>
        Assert.Empty(
            MayStart.Keys.Except(Rooms.Select(path => Path.GetFileNameWithoutExtension(path.Data)["Veza.".Length..]))
        );

    private static bool Starts(PEReader file, MetadataReader reader, TypeDefinition type)
    {
        var starters = reader
            .MemberReferences.Where(handle => Starters.Contains(NameOf(reader, handle)))
            .Select(handle => MetadataTokens.GetToken(handle))
            .ToArray();
        return type.GetMethods()
            .Select(reader.GetMethodDefinition)
            .Where(method => method.RelativeVirtualAddress != 0)
            .Any(method =>
                file.GetMethodBody(method.RelativeVirtualAddress).GetILContent() is var code
                && starters.Any(token => Calls(code, token))
            );
    }

    /// <summary>
    /// An instruction that takes a method is one byte (call, callvirt, newobj) or two (ldftn) and its token.
    /// </summary>
    private static bool Calls(ImmutableArray<byte> code, int token)
    {
        for (var at = 1; at + 4 <= code.Length; at++)
        {
            var isMethod =
                code[at - 1]
                is (byte)ILOpCode.Call
                    or (byte)ILOpCode.Callvirt
                    or (byte)ILOpCode.Newobj
                    or (0xFF & (int)ILOpCode.Ldftn);
            if (isMethod && BitConverter.ToInt32(code.AsSpan()[at..]) == token)
                return true;
        }
        return false;
    }

    private static string NameOf(MetadataReader reader, MemberReferenceHandle handle)
    {
        var member = reader.GetMemberReference(handle);
        if (member.Parent.Kind != HandleKind.TypeReference)
            return "";
        var type = reader.GetTypeReference((TypeReferenceHandle)member.Parent);
        return $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}::{reader.GetString(member.Name)}";
    }

    /// <summary>The compiler puts lambdas and asynchronous methods into classes nested in their own.</summary>
    private static string Outermost(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        for (; !type.GetDeclaringType().IsNil; type = reader.GetTypeDefinition(type.GetDeclaringType())) { }
        return $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}";
    }
}
