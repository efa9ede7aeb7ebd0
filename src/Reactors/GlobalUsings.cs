global using Veza.EventStore;
