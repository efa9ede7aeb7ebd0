[assembly: AssemblyFixture(typeof(Veza.Integration.Tests.VezaServer))]
