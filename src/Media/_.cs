namespace Veza.Media;
