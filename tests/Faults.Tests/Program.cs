using Veza.Faults.Tests.Nodes;

// The tests start this program again as the nodes that they kill.
if (args is [NodeProgram.Argument, .. var rest])
    return await NodeProgram.RunAsync(rest);

return await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, (_, _) => { });
