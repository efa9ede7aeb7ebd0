[assembly: AssemblyFixture(typeof(Veza.Fixtures.TestLog))]
[assembly: AssemblyFixture(typeof(Veza.Realtime.Tests.IndexedLog))]
