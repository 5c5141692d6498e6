namespace LogBroker.Cluster;

/// <summary>
/// Waiting for several tasks, and for a limited time, by plain awaits: everything goes on where the caller's continuations run. The
/// framework's own joins complete on threads of the pool, which a simulation must not have.
/// </summary>
internal static class Waiting
{
    /// <summary>Completes when all have; the failure of an earlier one hides those of later ones.</summary>
    public static async Task All(IReadOnlyList<Task> tasks)
    {
        foreach (Task task in tasks)
        {
            await task;
        }
    }

    /// <summary>All results, in order.</summary>
    public static async Task<T[]> All<T>(IReadOnlyList<Task<T>> tasks)
    {
        var results = new T[tasks.Count];
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = await tasks[i];
        }

        return results;
    }

    /// <summary>True when a task ended in time, well or not: its result is then there.</summary>
    public static async Task<bool> InTime(Task task, TimeSpan limit, TimeProvider time)
    {
        var ended = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        using ITimer timer = time.CreateTimer(
            static e => ((TaskCompletionSource<bool>)e!).TrySetResult(false), ended, limit, Timeout.InfiniteTimeSpan);
        _ = Watch(task, ended);
        return await ended.Task;
    }

    private static async Task Watch(Task task, TaskCompletionSource<bool> ended)
    {
        try
        {
            await task;
        }
        catch (Exception)
        {
            // Whoever asked looks at the task itself.
        }

        ended.TrySetResult(true);
    }
}
