namespace Veza.Projections;
