using System.Collections;
using LogBroker.Cluster;

namespace LogBroker.Server;

/// <summary>The value of every key. Immutable, thread-safe.</summary>
internal sealed class EffectiveConfig
{
    private readonly Dictionary<ConfigKey, ConfigValue> _values;

    internal EffectiveConfig(Dictionary<ConfigKey, ConfigValue> values)
    {
        _values = values;
    }

    /// <summary>All values in the order of <see cref="ConfigTable.All"/>.</summary>
    public IEnumerable<ConfigValue> Values => ConfigTable.All.Select(key => _values[key]);

    /// <summary>The value of a key.</summary>
    public ConfigValue this[ConfigKey key] => _values[key];

    /// <summary>As text.</summary>
    public string Text(ConfigKey key) => _values[key].Text;

    /// <summary>As a number in the unit of the key.</summary>
    public long Number(ConfigKey key) => _values[key].Number;

    /// <summary>As a length of time.</summary>
    public TimeSpan Duration(ConfigKey key) => TimeSpan.FromMilliseconds(Math.Min(_values[key].Number, 1L << 50));
}

/// <summary>Puts the places together: default &lt; file &lt; environment &lt; flag. Reports every fault it finds.</summary>
internal static class ConfigLoader
{
    /// <summary>Loads and checks; the result is null when there is at least one fault.</summary>
    /// <param name="file">The path of --config, or null.</param>
    /// <param name="environment">The environment variables.</param>
    /// <param name="flags">What the command line says.</param>
    /// <param name="faults">Everything that is wrong.</param>
    public static EffectiveConfig? Load(
        string? file, IDictionary environment, IEnumerable<WrittenValue> flags, out IReadOnlyList<ConfigFault> faults)
    {
        var found = new List<ConfigFault>();
        faults = found;
        var values = new Dictionary<ConfigKey, ConfigValue>();
        foreach (var key in ConfigTable.All)
        {
            ConfigValue.TryParse(key, key.Default, ConfigOrigin.Default, "default", out var value);
            values[key] = value ?? throw new InvalidOperationException($"the default of {key.Name} is not valid");
        }

        var written = (file is null ? [] : ConfigSources.FromFile(file, found))
            .Concat(ConfigSources.FromEnvironment(environment))
            .Concat(flags);
        foreach (var one in written)
        {
            if (ConfigTable.Find(one.Name) is not { } key)
                found.Add(Unknown(one));
            else if (ConfigValue.TryParse(key, one.Text, one.Origin, one.Place, out var value) is { } fault)
                found.Add(fault);
            else
                values[key] = value!;
        }

        return found.Count == 0 ? new EffectiveConfig(values) : null;
    }

    private static ConfigFault Unknown(WrittenValue one)
    {
        string? nearest = NearestName.Of(one.Name, ConfigTable.All.Select(key => key.Name));
        string remedy = nearest is null ? "`logbrokerd config list` shows all keys" : $"did you mean {nearest}?";
        return new ConfigFault(one.Place, one.Name, one.Text, "there is no such key", remedy);
    }
}
