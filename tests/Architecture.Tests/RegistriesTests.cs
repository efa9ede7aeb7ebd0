using System.Reflection;
using Veza.EventStore.Projections;
using Veza.Projections.Registry;
using Veza.Projections.Topics;
using Veza.Realtime;
using Veza.Realtime.Engine;

namespace Veza.Architecture.Tests;

/// <summary>
/// Projections, topics and item shapes are explicit lists; a class that is not in its list does nothing.
/// </summary>
public sealed class RegistriesTests
{
    private static readonly Assembly Projections = typeof(ProjectionRegistry).Assembly;

    [Fact]
    public void Every_projection_is_listed()
    {
        var listed = ProjectionRegistry.All().Select(p => p.GetType().Name);

        Assert.Equal(Concrete<IProjection>(Projections).Select(t => t.Name).Order(), listed.Order());
    }

    [Fact]
    public void Every_declaration_of_topics_is_listed()
    {
        var listed = TopicRegistry.All.Select(t => t.GetType().FullName);

        Assert.Equal(Concrete<EventTopics>(Projections).Select(t => t.FullName).Order(), listed.Order());
    }

    [Fact]
    public void Every_item_shape_is_listed()
    {
        const BindingFlags Statics = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        var shapes = typeof(EventShapes)
            .Assembly.GetTypes()
            .SelectMany(t => t.GetProperties(Statics))
            .Where(p => p.PropertyType == typeof(ItemShape))
            .Select(p => (ItemShape)p.GetValue(null)!);

        Assert.Equal(shapes.Select(s => s.Event.Name).Order(), EventShapes.All.Select(s => s.Event.Name).Order());
    }

    [Fact]
    public void A_projections_name_is_a_constant_of_its_class() =>
        Assert.All(ProjectionRegistry.All(), p =>
            Assert.Equal(p.Name, p.GetType().GetField("ProjectionName")?.GetRawConstantValue())
        );

    private static IEnumerable<Type> Concrete<T>(Assembly room) =>
        room.GetTypes().Where(t => t is { IsAbstract: false, IsInterface: false } && t.IsAssignableTo(typeof(T)));
}
