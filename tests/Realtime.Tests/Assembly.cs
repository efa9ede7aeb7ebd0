[assembly: AssemblyFixture(typeof(Veza.Fixtures.TestLog))]
