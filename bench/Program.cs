using Veza.Bench;
using Veza.Bench.Live;

return args switch
{
    ["log", .. var rest] => await LogBench.RunAsync(new(rest)),
    ["log-growth", .. var rest] => await LogGrowthBench.RunAsync(new(rest)),
    ["reconnect", .. var rest] => await ReconnectBench.RunAsync(new(rest)),
    ["serve", var database, var port] => await Server.ServeAsync(database, port),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        usage: ./veza bench log [--seconds N] [--rounds N] [--only NAME] [--analyst]    appending and reading, against two baselines;
                                                 --only the cases whose names hold NAME; --analyst leaves a transaction open
               ./veza bench log-growth [--millions 1,5,20] [--seconds N]  the same with more and more in the log
               ./veza bench reconnect [--subscribers N] [--missed N] [--accounts]  how long until all are live again after their server was killed;
                                                 each missed N events of its channel; --accounts: each follows its own account too
        """);
    return 2;
}
