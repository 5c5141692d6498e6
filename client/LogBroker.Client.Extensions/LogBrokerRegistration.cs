using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LogBroker.Client.Extensions;

/// <summary>Registers clients in a service collection.</summary>
public static class LogBrokerRegistration
{
    /// <summary>
    /// Registers a <see cref="LogBrokerClient"/>, one for the whole application, made when first asked for and disposed of with the
    /// container (by <c>DisposeAsync</c>). It logs to the application's <see cref="ILoggerFactory"/> and takes its <see
    /// cref="TimeProvider"/>. Settings are checked when a host starts, or when the client is made; what is wrong is an <see
    /// cref="OptionsValidationException"/> that names it.
    /// </summary>
    /// <param name="services">The collection.</param>
    /// <param name="configuration">The section with the settings; see <see cref="LogBrokerSettings"/>.</param>
    /// <param name="configure">Changes what the section says; null for nothing.</param>
    public static IServiceCollection AddLogBroker(
        this IServiceCollection services, IConfiguration configuration, Action<LogBrokerSettings>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        AddSettings(services, Options.DefaultName, configuration, configure);
        services.TryAddSingleton(static provider => Make(provider, Options.DefaultName));
        return services;
    }

    /// <summary>As the other, without configuration.</summary>
    public static IServiceCollection AddLogBroker(this IServiceCollection services, Action<LogBrokerSettings> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        AddSettings(services, Options.DefaultName, null, configure);
        services.TryAddSingleton(static provider => Make(provider, Options.DefaultName));
        return services;
    }

    /// <summary>
    /// As <see cref="AddLogBroker(IServiceCollection, IConfiguration, Action{LogBrokerSettings}?)"/>, for one of several clusters: asked
    /// for with <c>[FromKeyedServices(key)]</c>.
    /// </summary>
    /// <param name="services">The collection.</param>
    /// <param name="key">The name of the cluster within the application; also the name of its options.</param>
    /// <param name="configuration">The section with the settings; null for none.</param>
    /// <param name="configure">Changes what the section says; null for nothing.</param>
    public static IServiceCollection AddKeyedLogBroker(
        this IServiceCollection services, string key, IConfiguration? configuration, Action<LogBrokerSettings>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(key);
        AddSettings(services, key, configuration, configure);
        services.TryAddKeyedSingleton(key, static (provider, name) => Make(provider, (string)name!));
        return services;
    }

    private static void AddSettings(
        IServiceCollection services, string name, IConfiguration? configuration, Action<LogBrokerSettings>? configure)
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<LogBrokerSettings>, SettingsValidation>());
        OptionsBuilder<LogBrokerSettings> options = services.AddOptions<LogBrokerSettings>(name).ValidateOnStart();
        if (configuration is not null)
        {
            options.Configure(settings => SettingsBinding.Bind(configuration, settings));
        }

        if (configure is not null)
        {
            options.Configure(configure);
        }
    }

    private static LogBrokerClient Make(IServiceProvider provider, string name) => new(
        provider.GetRequiredService<IOptionsMonitor<LogBrokerSettings>>().Get(name)
            .ToOptions(provider.GetService<ILoggerFactory>(), provider.GetService<TimeProvider>()));
}
