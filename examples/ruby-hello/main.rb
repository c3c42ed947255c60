# A kitchen's ledger: reads a list of dishes, says what they cost, and keeps
# the bill. Everything used here comes with Ruby.

require 'json'
require_relative 'dish'

dishes = JSON.parse(File.read('menu.json')).map { |row| Dish.new(**row.transform_keys(&:to_sym)) }

puts 'Today in the harbour kitchen'
puts
dishes.sort_by(&:price).each { |dish| puts "  #{dish}" }

print "\nWhat will it be? "
wish = ($stdin.gets || '').strip.downcase
chosen = dishes.select { |dish| dish.name.downcase.include?(wish) }

if wish.empty? || chosen.empty?
  warn "The kitchen has no #{wish.empty? ? 'nothing' : wish}."
  exit 2
end

total = chosen.sum(&:price)
File.write('bill.json', JSON.pretty_generate({ dishes: chosen.map(&:name), total: total }))
puts format('%d on the bill, %.2f in all. Saved to bill.json.', chosen.size, total)

at_exit { puts 'Good appetite.' }
