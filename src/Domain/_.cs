namespace Veza.Domain;
