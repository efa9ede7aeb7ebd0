namespace Veza.Commands;
