namespace Veza.EventStore;
