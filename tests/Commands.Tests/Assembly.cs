[assembly: AssemblyFixture(typeof(Veza.Fixtures.Rules))]
