[assembly: AssemblyFixture(typeof(Veza.Integration.Tests.VezaServer))]
[assembly: AssemblyFixture(typeof(Veza.Fixtures.TestLog))]
