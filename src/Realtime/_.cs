namespace Veza.Realtime;
